package org.openvrg.control.internal;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.api.service.StrategyService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The strategies: in memory for reading, in the store for good, handed to the engine when there is one.
 *
 * <p>Thread-safe. What changes them runs under the monitor of this object, but for what may take long: the engine's
 * check before, and the draining of a removal. While a VM is being removed it takes no other change, and its volumes
 * stay its own.
 *
 * <p>Invariant: what the engine was handed stands in the store. So a strategy is stored first and applied second, and
 * removed from the engine first and from the store second; a kill in between is made good when the engine arrives the
 * next time, since applying is idempotent.
 */
public class Strategies implements StrategyService {
    /** Area of the strategies in the store; the keys are VM UUIDs. */
    static final String AREA = "strategy";

    /** Most VMs that one gateway takes. */
    static final int MAX_VMS = 4_096;

    private static final Logger LOG = LoggerFactory.getLogger(Strategies.class);

    private final ConfigStore store;
    private final AlarmService alarms;
    private final Map<UUID, VmStrategy> strategies = new TreeMap<>(Comparator.comparing(UUID::toString));
    /** The VM of each volume, so that a request costs the same however many VMs there are. */
    private final Map<VolumeId, UUID> owners = new HashMap<>();

    private final Set<UUID> removing = new HashSet<>();
    private Optional<ProtectionService> engine = Optional.empty();

    /** Loads what is stored; what can't be read is reported and left in the store. */
    Strategies(ConfigStore store, AlarmService alarms) {
        this.store = store;
        this.alarms = alarms;
        store.all(AREA).forEach(this::load);
    }

    @Override
    public void put(VmStrategy strategy) throws RequestException {
        Optional<ProtectionService> checker = engine();
        if (checker.isPresent()) {
            checker.get().check(strategy);
        }
        synchronized (this) {
            requireAllowed(strategy);
            Optional<VmStrategy> before = Optional.ofNullable(strategies.get(strategy.vmUuid()));
            keep(strategy);
            if (engine.isPresent()) {
                try {
                    engine.get().apply(strategy);
                } catch (RequestException | RuntimeException e) {
                    before.ifPresentOrElse(this::keep, () -> forget(strategy.vmUuid()));
                    throw e;
                }
            }
        }
        alarms.clear(AlarmService.Kind.STRATEGY_REFUSED, strategy.vmUuid().toString());
    }

    @Override
    public synchronized Optional<VmStrategy> find(UUID vmUuid) {
        return Optional.ofNullable(strategies.get(vmUuid));
    }

    @Override
    public synchronized List<VmStrategy> all() {
        return List.copyOf(strategies.values());
    }

    @Override
    public ProtectionState remove(UUID vmUuid, boolean forced) throws RequestException {
        ProtectionService remover;
        synchronized (this) {
            if (!strategies.containsKey(vmUuid)) {
                throw new RequestException(
                        ErrorCode.VM_UNKNOWN, "VM " + vmUuid + " does not exist", "虚拟机 " + vmUuid + " 不存在");
            }
            requireNotRemoving(vmUuid);
            remover = engine.orElseThrow(() -> new RequestException(
                    ErrorCode.UNAVAILABLE, "the replication engine is not running; try again", "复制引擎未运行,请稍后重试"));
            removing.add(vmUuid);
        }
        try {
            ProtectionState state = remover.remove(vmUuid, forced);
            synchronized (this) {
                forget(vmUuid);
            }
            alarms.clear(AlarmService.Kind.STRATEGY_REFUSED, vmUuid.toString());
            return state;
        } finally {
            synchronized (this) {
                removing.remove(vmUuid);
            }
        }
    }

    /** Hands all strategies to an engine that arrived; one that it refuses does not stop the others. */
    synchronized void attach(ProtectionService arrived) {
        engine = Optional.of(arrived);
        int applied = 0;
        for (VmStrategy strategy : strategies.values()) {
            if (removing.contains(strategy.vmUuid())) {
                continue;
            }
            try {
                arrived.apply(strategy);
                alarms.clear(
                        AlarmService.Kind.STRATEGY_REFUSED, strategy.vmUuid().toString());
                applied++;
            } catch (RequestException | RuntimeException e) {
                LOG.error("the engine refuses the stored strategy of VM {}", strategy.vmUuid(), e);
                String reason = e instanceof RequestException request ? request.english() : "internal error";
                alarms.raise(
                        AlarmService.Kind.STRATEGY_REFUSED, strategy.vmUuid().toString(), reason);
            }
        }
        LOG.info("handed {} of {} strategies to the engine", applied, strategies.size());
    }

    /** Forgets an engine that goes, unless another one has come meanwhile. */
    synchronized void detach(ProtectionService gone) {
        if (engine.isPresent() && engine.get() == gone) {
            engine = Optional.empty();
        }
    }

    private synchronized Optional<ProtectionService> engine() {
        return engine;
    }

    private void load(String key, String text) {
        try {
            VmStrategy strategy = StrategyCodec.decode(text);
            if (!strategy.vmUuid().toString().equals(key)) {
                throw new IllegalArgumentException("the stored strategy is that of another VM");
            }
            remember(strategy);
        } catch (IllegalArgumentException e) {
            LOG.error("the stored strategy of VM {} can't be read; set it again", key, e);
            alarms.raise(AlarmService.Kind.STRATEGY_REFUSED, key, "the stored strategy can't be read; set it again");
        }
    }

    private void requireAllowed(VmStrategy strategy) throws RequestException {
        UUID vm = strategy.vmUuid();
        requireNotRemoving(vm);
        VmStrategy before = strategies.get(vm);
        if (before == null && strategies.size() >= MAX_VMS) {
            throw new RequestException(
                    ErrorCode.CONFLICT,
                    "this gateway carries " + MAX_VMS + " VMs already, and takes no more",
                    "该 VRG 已配置 " + MAX_VMS + " 台虚拟机,已达上限");
        }
        if (before != null && before.getClass() != strategy.getClass()) {
            boolean production = before instanceof VmStrategy.Production;
            throw new RequestException(
                    ErrorCode.CONFLICT,
                    "VM " + vm + " is configured here as " + (production ? "production" : "DR")
                            + " side; remove that first",
                    "虚拟机 " + vm + " 已在该 VRG 配置为" + (production ? "生产端" : "容灾端") + ",请先删除");
        }
        for (VolumeId volume : strategy.volumes()) {
            UUID owner = owners.getOrDefault(volume, vm);
            if (!owner.equals(vm)) {
                throw new RequestException(
                        ErrorCode.VOLUME_DUPLICATE,
                        "volume " + volume + " is protected for VM " + owner + " already",
                        "卷 " + volume + " 已配置给虚拟机 " + owner);
            }
        }
    }

    private void requireNotRemoving(UUID vmUuid) throws RequestException {
        if (removing.contains(vmUuid)) {
            throw new RequestException(
                    ErrorCode.CONFLICT, "VM " + vmUuid + " is being removed", "虚拟机 " + vmUuid + " 正在删除");
        }
    }

    private void keep(VmStrategy strategy) {
        store.put(AREA, strategy.vmUuid().toString(), StrategyCodec.encode(strategy));
        remember(strategy);
    }

    private void remember(VmStrategy strategy) {
        UUID vm = strategy.vmUuid();
        Optional.ofNullable(strategies.put(vm, strategy))
                .ifPresent(before -> owners.keySet().removeAll(before.volumes()));
        strategy.volumes().forEach(volume -> owners.put(volume, vm));
    }

    private void forget(UUID vmUuid) {
        store.remove(AREA, vmUuid.toString());
        Optional.ofNullable(strategies.remove(vmUuid))
                .ifPresent(gone -> owners.keySet().removeAll(gone.volumes()));
    }
}
