package org.openvrg.platform.xen;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.platform.xen.XenStore.VirtualDisk;
import org.openvrg.qemu.mirror.LiveDisk;
import org.openvrg.qemu.qmp.QmpClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Xen host: looks at its domains from time to time, and finds disks in the QEMU that is a domain's block back end.
 * What it holds for a domain goes when the domain ends. Thread-safe.
 */
public final class XenHost implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(XenHost.class);
    private static final Duration COMMAND_LIMIT = Duration.ofSeconds(10);
    /** What is younger needs no new look: all disks of a VM are asked for at once. */
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final String QDISK = "qdisk";

    private final HostSettings settings;
    private final Dom0 dom0;
    private final XenStore store;
    private final Map<Integer, DomainBackend> backends = new ConcurrentHashMap<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile Inventory inventory =
            new Inventory(System.nanoTime() - FRESH_NANOS, Map.of(), XenStore.Devices.NONE);

    /**
     * What the host has.
     *
     * @param nanos when the look at it ended
     * @param vms domain to VM
     * @param devices what libxl made for them
     */
    private record Inventory(long nanos, Map<Integer, UUID> vms, XenStore.Devices devices) {
        List<Integer> domainsOf(UUID vm) {
            return vms.entrySet().stream()
                    .filter(entry -> entry.getValue().equals(vm))
                    .map(Map.Entry::getKey)
                    .toList();
        }

        Set<Integer> emulated() {
            return devices.emulated();
        }

        List<VirtualDisk> inSlot(int domain, int slot) {
            return devices.disks().getOrDefault(domain, List.of()).stream()
                    .filter(disk -> XenSlots.slot(disk.number()).equals(OptionalInt.of(slot)))
                    .toList();
        }
    }

    /** Begins to look; a host that can't be reached is tried again. */
    public XenHost(HostSettings settings) {
        this.settings = settings;
        this.dom0 = new Dom0(settings.name(), settings.command(), COMMAND_LIMIT);
        this.store = new XenStore(dom0);
        Thread poller = new Thread(this::poll, "vrg-xen-" + settings.name());
        poller.setDaemon(true);
        poller.start();
    }

    String name() {
        return settings.name();
    }

    private void poll() {
        String lastFailure = "it was not asked yet";
        try {
            do {
                try {
                    Inventory seen = look();
                    if (!lastFailure.isEmpty()) {
                        LOG.info("The Xen host {} is reached, its domains are {}", settings.name(), seen.vms());
                        lastFailure = "";
                    }
                } catch (PlatformException e) {
                    String reason = String.valueOf(e.getMessage());
                    if (!reason.equals(lastFailure)) {
                        LOG.warn("The Xen host {} can't be asked: {}", settings.name(), reason);
                        lastFailure = reason;
                    }
                }
            } while (!closing.await(settings.poll().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Asks the host, unless that was done a moment ago, and lets go of domains that ended. */
    private synchronized Inventory look() throws PlatformException {
        Inventory known = inventory;
        if (System.nanoTime() - known.nanos() < FRESH_NANOS) {
            return known;
        }
        Map<Integer, UUID> vms = store.domains();
        XenStore.Devices devices = store.devices();
        Inventory seen = new Inventory(System.nanoTime(), vms, devices);
        inventory = seen;
        for (int domain : Set.copyOf(backends.keySet())) {
            if (!seen.vms().containsKey(domain)) {
                drop(domain);
            }
        }
        return seen;
    }

    private void drop(int domain) {
        DomainBackend ended = backends.remove(domain);
        if (ended != null) {
            ended.close();
        }
    }

    /** Whether the VM ran here at the last look, with a disk in that slot where one is named. Does not block. */
    boolean hosts(UUID vm, OptionalInt slot) {
        Inventory seen = inventory;
        return seen.domainsOf(vm).stream()
                .anyMatch(domain ->
                        slot.isEmpty() || !seen.inSlot(domain, slot.getAsInt()).isEmpty());
    }

    /** The domains that are a VM right now; two while it is migrated within this host. */
    List<Integer> domainsOf(UUID vm) throws PlatformException {
        return look().domainsOf(vm);
    }

    /**
     * Finds a disk in the QEMU of a domain.
     *
     * @throws PlatformException when it is not there, or has another back end than QEMU
     */
    LiveDisk find(int domain, int slot) throws PlatformException {
        VirtualDisk disk = inSlot(domain, slot);
        if (closing.getCount() == 0) {
            throw new PlatformException("the Xen host " + settings.name() + " is not configured any more");
        }
        DomainBackend backend = backends.computeIfAbsent(domain, unused -> new DomainBackend(settings, dom0, domain));
        LiveDisk found = backend.find(XenSlots.backendName(disk.number()));
        if (closing.getCount() == 0) {
            drop(domain);
        }
        return found;
    }

    /**
     * Where the guard reaches the QEMU at the other end of a connection. It stays away from libxl's monitor where libxl
     * needs that: for guests with emulated devices.
     */
    Optional<String> guardOf(QmpClient connection) {
        Inventory seen = inventory;
        return backends.entrySet().stream()
                .filter(entry -> !settings.guardMonitor().equals(Optional.of(HostSettings.LIBXL_MONITOR))
                        || seen.emulated().stream().noneMatch(entry.getKey()::equals))
                .flatMap(entry -> entry.getValue().guardOf(connection).stream())
                .findFirst();
    }

    private VirtualDisk inSlot(int domain, int slot) throws PlatformException {
        List<VirtualDisk> disks = inventory.inSlot(domain, slot);
        String where = "domain " + domain + " on the Xen host " + settings.name();
        if (disks.isEmpty()) {
            throw new PlatformException(where + " has no disk in slot " + slot + ", as " + XenSlots.deviceName(slot));
        }
        if (disks.size() > 1) {
            throw new PlatformException(where + " has several disks numbered as slot " + slot);
        }
        VirtualDisk disk = disks.get(0);
        String kind = disk.backendKind().orElse("of another domain");
        if (!kind.equals(QDISK)) {
            throw new PlatformException(where + " has a disk in slot " + slot + " whose back end is " + kind
                    + "; only those with backendtype=qdisk can be captured");
        }
        return disk;
    }

    @Override
    public void close() {
        closing.countDown();
        Set.copyOf(backends.keySet()).forEach(this::drop);
    }
}
