package org.openvrg.itests.crash;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Await;
import org.openvrg.itests.Chance;
import org.openvrg.itests.Load;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Ports;

/**
 * kill -9 of an appliance at {@link CrashPoint}s, under load. After each, production holds all that was answered and
 * needs no full check, and once the load ends both sides are equal. A long run takes all of them, a short one some.
 */
class CrashPointTest {
    private static final long MIB = 1 << 20;
    private static final long DISK_BYTES = 64 * MIB;
    private static final long REGION_BYTES = 32 * MIB;
    private static final long BYTES_PER_SECOND = 4 * MIB;
    private static final long FLOOD_BYTES_PER_SECOND = 200 * MIB;
    private static final long JOURNAL_BYTES = 64 * MIB;
    private static final long SEGMENT_BYTES = MIB;
    private static final int SOME = 8;
    private static final Duration VISIT = Duration.ofMinutes(2);

    private static final Map<CrashPoint.Side, Integer> DEBUG_PORTS = new EnumMap<>(CrashPoint.Side.class);
    private static Pair pair;

    private final Chance chance = new Chance("CrashPointTest");
    private final Random random = new Random(chance.number());
    private String disk;
    private String vm;
    private Load load;

    @BeforeAll
    static void startBoth() throws IOException, InterruptedException {
        pair = new Pair("crash-points").patient();
        for (CrashPoint.Side side : CrashPoint.Side.values()) {
            Appliance appliance = appliance(side);
            Pair.replication(appliance, "journal.limit-bytes", JOURNAL_BYTES);
            Pair.replication(appliance, "journal.segment-bytes", SEGMENT_BYTES);
            DEBUG_PORTS.put(side, Ports.free(1)[0]);
            appliance.javaOption(Breakpoint.javaOption(DEBUG_PORTS.get(side)));
        }
        pair.start();
    }

    @AfterAll
    static void stopBoth() throws IOException {
        pair.close();
    }

    @AfterEach
    void stopLoad() {
        load.close();
    }

    private static Appliance appliance(CrashPoint.Side side) {
        return side == CrashPoint.Side.PRODUCTION ? pair.production() : pair.dr();
    }

    @Test
    void eachPoint() throws IOException, InterruptedException, StorageException {
        disk = pair.newDisk(DISK_BYTES);
        vm = pair.protect(true, true, disk);
        pair.awaitInStep(vm);
        pair.awaitExport(disk);
        load = new Load(pair, chance.number(), REGION_BYTES, BYTES_PER_SECOND, disk);
        List<CrashPoint> points = points();
        for (CrashPoint point : points) {
            int visit = 1 + random.nextInt(point.visits());
            String context = chance + ", " + point + ", visit " + visit;
            load.start();
            load.awaitMore(50);
            prepare(point);
            crash(point, visit);
            recover(point, context);
            load.stop();
            pair.awaitDrained(vm);
            pair.assertDisksEqual(disk);
            load.assertAnsweredIsThere(context);
            Chance.tell("%s: all that was answered is there, no full check, both equal", context);
        }
        Chance.tell("%s: %d of %d points, %d writes", chance, points.size(), CrashPoint.values().length, load.writes());
    }

    /** Those that this run takes, in an order of chance. */
    private List<CrashPoint> points() {
        String wanted = System.getProperty("vrg.crash-point", "");
        if (!wanted.isEmpty()) {
            return List.of(CrashPoint.valueOf(wanted));
        }
        List<CrashPoint> points = new ArrayList<>(List.of(CrashPoint.values()));
        Collections.shuffle(points, random);
        return Chance.wholeRun() ? points : points.subList(0, SOME);
    }

    /** Brings about what the point needs; what lets it be visited is done by {@link #crash}. */
    private void prepare(CrashPoint point) throws InterruptedException {
        if (point.phase() == CrashPoint.Phase.RESYNC) {
            pair.cutLink();
            load.pace(FLOOD_BYTES_PER_SECOND);
            Await.until(Pair.IN_STEP, () -> "state 2: " + pair.describe(vm), () -> {
                load.assertUnbroken();
                return state() == 2;
            });
            load.pace(BYTES_PER_SECOND);
        } else if (point.phase() == CrashPoint.Phase.STARTING) {
            kill(point.side());
        }
    }

    private void crash(CrashPoint point, int visit) throws IOException, InterruptedException {
        if (point.phase() == CrashPoint.Phase.STARTING) {
            appliance(point.side()).launch();
        }
        try (Breakpoint breakpoint = new Breakpoint(DEBUG_PORTS.get(point.side()), point)) {
            if (point.phase() == CrashPoint.Phase.RESYNC) {
                pair.restoreLink();
            }
            breakpoint.awaitVisit(visit, VISIT);
            if (point.phase() == CrashPoint.Phase.STARTING) {
                appliance(point.side()).kill();
            } else {
                kill(point.side());
            }
        }
    }

    private void kill(CrashPoint.Side side) throws InterruptedException {
        appliance(side).kill();
        if (side == CrashPoint.Side.PRODUCTION) {
            load.awaitBroken();
        } else {
            load.assertUnbroken();
        }
    }

    private void recover(CrashPoint point, String context) throws IOException, InterruptedException, StorageException {
        appliance(point.side()).start();
        if (point.side() == CrashPoint.Side.PRODUCTION) {
            pair.awaitExport(disk);
            load.assertAnsweredIsThere(context);
            load.start();
        }
        load.assertUnbroken();
        Await.until(Pair.IN_STEP, () -> context + ": in step: " + pair.describe(vm), () -> {
            JsonNode report = Pair.report(pair.production(), vm);
            assertNotEquals(3, report.path("state").asInt(), () -> context + "\n" + pair.describe(vm));
            return report.path("state").asInt() == 1 && report.path("connected").asBoolean();
        });
        load.awaitMore(50);
    }

    private int state() throws IOException, InterruptedException {
        return Pair.report(pair.production(), vm).path("state").asInt();
    }
}
