package org.openvrg.control.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.ProtectionService;

class StrategiesTest {
    private static final UUID A = UUID.fromString("00000000-0000-0000-0000-00000000000a");
    private static final UUID B = UUID.fromString("f0000000-0000-0000-0000-00000000000b");

    private final MapStore store = new MapStore();
    private final RaisedAlarms alarms = new RaisedAlarms();
    private final FakeEngine engine = new FakeEngine();

    @Test
    void keepsBothSidesAcrossARestart() throws Exception {
        Strategies first = new Strategies(store, alarms);
        VmStrategy.Standby standby = standby(B, "v2", "v3");
        first.put(standby);
        first.put(production(A, "v1"));
        Strategies second = new Strategies(store, alarms);
        assertEquals(List.of(production(A, "v1"), standby), second.all());
        assertEquals(Optional.of(standby), second.find(B));
        assertEquals(Optional.empty(), second.find(UUID.randomUUID()));
    }

    @Test
    void storesWithoutAnEngineAndAppliesWhenItArrives() throws Exception {
        Strategies strategies = new Strategies(store, alarms);
        strategies.put(production(A, "v1"));
        strategies.put(standby(B, "v2"));
        strategies.attach(engine);
        assertEquals(List.of(production(A, "v1"), standby(B, "v2")), engine.applied);
        strategies.detach(new FakeEngine());
        strategies.put(production(A, "v1", "v9"));
        assertEquals(3, engine.applied.size());
        strategies.detach(engine);
        assertEquals(ErrorCode.UNAVAILABLE, refusedRemoval(strategies, A));
    }

    @Test
    void oneRefusedStrategyDoesNotStopTheOthers() throws Exception {
        Strategies strategies = new Strategies(store, alarms);
        strategies.put(production(A, "v1"));
        strategies.put(standby(B, "v2"));
        engine.refused.add(A);
        strategies.attach(engine);
        assertEquals(List.of(standby(B, "v2")), engine.applied);
        assertEquals(List.of("STRATEGY_REFUSED " + A), alarms.raised());
        engine.refused.clear();
        strategies.put(production(A, "v1"));
        assertEquals(List.of(), alarms.raised());
    }

    @Test
    void refusesAVolumeOfAnotherVmAndTheOtherSide() throws Exception {
        Strategies strategies = new Strategies(store, alarms);
        strategies.put(production(A, "v1", "v2"));
        assertEquals(ErrorCode.VOLUME_DUPLICATE, refused(strategies, standby(B, "v3", "v2")));
        assertEquals(ErrorCode.CONFLICT, refused(strategies, standby(A, "v3")));
        strategies.put(production(A, "v1", "v4"));
        strategies.put(standby(B, "v2"));
    }

    @Test
    void keepsNothingOfWhatTheEngineRefuses() throws Exception {
        Strategies strategies = new Strategies(store, alarms);
        strategies.attach(engine);
        strategies.put(production(A, "v1"));
        engine.refused.add(A);
        assertEquals(ErrorCode.PARAMETER_INVALID, refused(strategies, production(A, "v1", "v2")));
        assertEquals(Optional.of(production(A, "v1")), strategies.find(A));
        engine.refused.add(B);
        assertEquals(ErrorCode.PARAMETER_INVALID, refused(strategies, production(B, "v5")));
        assertEquals(List.of(production(A, "v1")), new Strategies(store, alarms).all());
        engine.uncheckable = true;
        assertEquals(ErrorCode.PARAMETER_INVALID, refused(strategies, production(UUID.randomUUID(), "v7")));
    }

    @Test
    void aRefusedRemovalChangesNothing() throws Exception {
        Strategies strategies = new Strategies(store, alarms);
        strategies.attach(engine);
        strategies.put(production(A, "v1"));
        engine.removalRefused = true;
        assertEquals(ErrorCode.CONFLICT, refusedRemoval(strategies, A));
        assertTrue(strategies.find(A).isPresent());
        assertEquals(ProtectionState.INCREMENTAL_QUEUE, strategies.remove(A, true));
        assertTrue(strategies.find(A).isEmpty());
        assertTrue(new Strategies(store, alarms).all().isEmpty());
        assertEquals(ErrorCode.VM_UNKNOWN, refusedRemoval(strategies, A));
    }

    @Test
    void aVmThatIsBeingRemovedTakesNoChangeButOthersDo() throws Exception {
        Strategies strategies = new Strategies(store, alarms);
        strategies.attach(engine);
        strategies.put(production(A, "v1"));
        engine.draining = new CountDownLatch(1);
        engine.removalBegun = new CountDownLatch(1);
        CompletableFuture<Void> removal = CompletableFuture.runAsync(() -> {
            try {
                strategies.remove(A, false);
            } catch (RequestException e) {
                throw new IllegalStateException(e);
            }
        });
        assertTrue(engine.removalBegun.await(10, TimeUnit.SECONDS));
        assertEquals(ErrorCode.CONFLICT, refused(strategies, production(A, "v1")));
        assertEquals(ErrorCode.CONFLICT, refusedRemoval(strategies, A));
        assertEquals(ErrorCode.VOLUME_DUPLICATE, refused(strategies, standby(B, "v1")));
        strategies.put(standby(B, "v2"));
        engine.draining.countDown();
        removal.get(10, TimeUnit.SECONDS);
        assertEquals(List.of(standby(B, "v2")), strategies.all());
    }

    @Test
    void reportsADamagedEntryAndKeepsTheOthers() throws Exception {
        new Strategies(store, alarms).put(production(A, "v1"));
        String good = store.get(Strategies.AREA, A.toString()).orElseThrow();
        for (int cut = 0; cut < good.length(); cut++) {
            String text = good.substring(0, cut);
            assertThrows(IllegalArgumentException.class, () -> StrategyCodec.decode(text), text);
        }
        for (String bad : List.of(
                "null",
                "[]",
                "{}",
                "{\"format\":2}",
                good.replace("production", "neither"),
                good.replace("\"v1\"", "null"),
                good.replace("\"v1\"", "\"no/volume\""),
                good.replace("[{", "[null,{"))) {
            assertThrows(IllegalArgumentException.class, () -> StrategyCodec.decode(bad), bad);
        }
        store.put(Strategies.AREA, B.toString(), good);
        Strategies strategies = new Strategies(store, alarms);
        assertEquals(List.of(production(A, "v1")), strategies.all());
        assertEquals(1, alarms.raised().size());
    }

    private static ErrorCode refused(Strategies strategies, VmStrategy strategy) {
        return assertThrows(RequestException.class, () -> strategies.put(strategy))
                .error();
    }

    private static ErrorCode refusedRemoval(Strategies strategies, UUID vm) {
        return assertThrows(RequestException.class, () -> strategies.remove(vm, false))
                .error();
    }

    private static VmStrategy.Production production(UUID vm, String... volumes) {
        List<ProductionDisk> disks = Arrays.stream(volumes)
                .map(name -> new ProductionDisk(new VolumeId(name), OptionalInt.empty()))
                .toList();
        return new VmStrategy.Production(vm, Optional.of("i-0000000a"), Optional.empty(), true, false, disks);
    }

    private static VmStrategy.Standby standby(UUID vm, String... volumes) {
        List<StandbyDisk> disks = Arrays.stream(volumes)
                .map(name -> new StandbyDisk(
                        new VolumeId(name),
                        name + ".raw",
                        Optional.of("urn:ds:1"),
                        "LOCALPOME",
                        OptionalInt.of(Integer.parseInt(name.substring(1))),
                        Map.of("dsMgntIp", "1.1.1.1", "dsResourceId", "1")))
                .toList();
        return new VmStrategy.Standby(
                vm, Optional.empty(), Optional.of("名"), Optional.of("urn:host"), "10.0.0.1", 7100, disks);
    }

    private static final class FakeEngine implements ProtectionService {
        private final List<VmStrategy> applied = new ArrayList<>();
        private final Set<UUID> refused = new HashSet<>();
        private boolean removalRefused;
        private boolean uncheckable;
        private CountDownLatch draining = new CountDownLatch(0);
        private CountDownLatch removalBegun = new CountDownLatch(0);

        @Override
        public void apply(VmStrategy strategy) throws RequestException {
            if (refused.contains(strategy.vmUuid())) {
                throw new RequestException(ErrorCode.PARAMETER_INVALID, "no", "不");
            }
            applied.add(strategy);
        }

        @Override
        public ProtectionState remove(UUID vmUuid, boolean forced) throws RequestException {
            removalBegun.countDown();
            try {
                if (!draining.await(10, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("the test did not go on");
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (removalRefused && !forced) {
                throw new RequestException(ErrorCode.CONFLICT, "queued", "队列");
            }
            return ProtectionState.INCREMENTAL_QUEUE;
        }

        @Override
        public Optional<VmReport> report(UUID vmUuid) {
            return Optional.empty();
        }

        @Override
        public List<VmReport> reports() {
            return List.of();
        }

        @Override
        public void check(VmStrategy strategy) throws RequestException {
            if (uncheckable) {
                throw new RequestException(ErrorCode.PARAMETER_INVALID, "slot", "槽位");
            }
        }

        @Override
        public Capacity capacity() {
            return new Capacity(0, 0, true);
        }
    }
}
