package org.openvrg.itests.xen;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Rest;
import org.openvrg.platform.xen.XenSlots;

/** A guest of a real Xen, protected over REST: what it writes in its slots stands on the DR volumes. */
class XenReplicationTest {
    private static final System.Logger LOG = System.getLogger(XenReplicationTest.class.getName());
    private static final Duration SOON = Duration.ofMinutes(3);
    private static final int[] SLOTS = {1, 2, 15, 16, 26, 27, 40};
    private static final long DISK_BYTES = 4 << 20;
    private static final int BLOCK_BYTES = 64 << 10;

    private static final UUID VM = UUID.randomUUID();
    private static final Map<Integer, String> VOLUMES = new LinkedHashMap<>();

    private static NestedXen xen;
    private static XenGuest guest;
    private static Pair pair;
    private static Path sockets;
    private static int logBeforeRestart;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        xen = NestedXen.shared();
        Map<String, Long> disks = new LinkedHashMap<>();
        for (int slot : SLOTS) {
            disks.put(XenSlots.deviceName(slot), DISK_BYTES);
            VOLUMES.put(slot, UUID.randomUUID().toString());
        }
        guest = new XenGuest(xen, "protected", VM, disks);
        guest.start();

        pair = new Pair("xen").patient();
        xen.relay(pair.nbdAddress().getPort());
        sockets = Files.createTempDirectory("vrg-xen");
        String host = "org.openvrg.platform.xen.host-nested";
        pair.production().configure(host, "name", "nested");
        pair.production().configure(host, "command", String.join(" ", xen.prefix()));
        pair.production().configure(host, "socket-folder", sockets);
        pair.production().configure(host, "poll-millis", 2_000);
        // a machine in a machine without KVM is slow, and asked through ssh
        pair.production().configure("org.openvrg.platform.xen", "stall-millis", 30_000);
        pair.start();
        pair.production().deploy(Path.of(System.getProperty("vrg.platform.xen")));
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        if (guest != null) {
            guest.destroy();
        }
        if (pair != null) {
            pair.close();
        }
        if (sockets != null) {
            // a gateway that was killed leaves its sockets there
            try (Stream<Path> left = Files.list(sockets)) {
                for (Path socket : left.toList()) {
                    Files.delete(socket);
                }
            }
            Files.delete(sockets);
        }
    }

    @Test
    void theWritesOfEverySlotStandOnTheDrVolumes() throws IOException, InterruptedException {
        refusesAStrategyWithoutSlots();
        List<Map<String, Object>> production = new ArrayList<>();
        VOLUMES.forEach((slot, volume) -> production.add(Map.of("volUuid", volume, "seqNum", slot)));
        pair.production().rest().post("/vmstrategy", Map.of("vmUuid", VM, "compressOption", 1, "volList", production));
        pair.protectStandby(VM.toString(), "LOCALPOME", VOLUMES.values().toArray(String[]::new));
        pair.awaitInStep(VM.toString());

        for (int slot : SLOTS) {
            fill(slot, 64 + slot, slot % 8, 3);
        }
        pair.awaitDrained(VM.toString());
        for (int slot : SLOTS) {
            byte[] expected = new byte[(int) DISK_BYTES];
            java.util.Arrays.fill(expected, slot % 8 * BLOCK_BYTES, (slot % 8 + 3) * BLOCK_BYTES, (byte) (64 + slot));
            assertArrayEquals(expected, xen.read(guest.file(XenSlots.deviceName(slot))), "dom0, slot " + slot);
            assertArrayEquals(expected, standby(slot), "DR volume of slot " + slot);
            LOG.log(
                    Level.INFO,
                    "slot {0} = {1}: the guest''s writes stand on the DR volume",
                    slot,
                    XenSlots.deviceName(slot));
        }
        copiesOnlyWhatChangedWhileTheGatewayWasAway();
        letsTheGuestGoOnWhileTheGatewayHangs();
    }

    private static void refusesAStrategyWithoutSlots() throws IOException, InterruptedException {
        Await.until(
                SOON,
                () -> "the guest is seen\n" + pair.production().tail(),
                () -> pair.production().log().contains("The Xen host nested is reached, its domains are {")
                        && pair.production().log().contains("=" + VM));
        Rest.Answer answer = pair.production()
                .rest()
                .call(
                        "POST",
                        "/vmstrategy",
                        "{\"vmUuid\":\"" + VM + "\",\"volList\":[{\"volUuid\":\"" + VOLUMES.get(1) + "\"}]}");
        assertEquals(400, answer.status());
        assertEquals("10440101", answer.body().path("errorCode").asText());
        assertTrue(answer.body().path("errorDes").asText().contains("seqNum is missing"), answer.toString());
    }

    private static void copiesOnlyWhatChangedWhileTheGatewayWasAway() throws IOException, InterruptedException {
        pair.production().kill();
        int[] changed = {2, 27};
        for (int slot : changed) {
            fill(slot, 32, 50, 2);
        }
        logBeforeRestart = pair.production().log().length();
        pair.production().launch();
        pair.production().awaitReady();
        pair.awaitPaired();
        pair.awaitInStep(VM.toString());
        pair.awaitDrained(VM.toString());
        long copied = Pair.report(pair.production(), VM.toString())
                .at("/progress/resyncSentBytes")
                .asLong();
        for (int slot : SLOTS) {
            assertArrayEquals(xen.read(guest.file(XenSlots.deviceName(slot))), standby(slot), "slot " + slot);
        }
        assertEquals(32, standby(27)[50 * BLOCK_BYTES]);
        LOG.log(
                Level.INFO,
                "gateway killed, {0} bytes changed meanwhile, {1} bytes copied of {2}",
                changed.length * 2 * BLOCK_BYTES,
                copied,
                SLOTS.length * DISK_BYTES);
        assertTrue(copied >= 4 * BLOCK_BYTES && copied <= SLOTS.length * DISK_BYTES / 4, copied + " bytes were copied");
    }

    /** The guard cuts QEMU off, else the write would not end before the gateway goes on. */
    private static void letsTheGuestGoOnWhileTheGatewayHangs() throws IOException, InterruptedException {
        Await.until(
                SOON,
                () -> "the guard is ready\n" + pair.production().tail(),
                () -> pair.production().log().indexOf("Guard: ready at ", logBeforeRestart) >= 0);
        pair.production().pause();
        long start = System.nanoTime();
        fill(16, 33, 10, 1);
        LOG.log(
                Level.INFO,
                "gateway stopped: a write of the guest ended after {0} ms",
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
        pair.production().resume();
        // the gateway has yet to notice, and tells the state of before until then
        Await.until(SOON, () -> pair.describe(VM.toString()), () -> everySlotIsEqual());
        pair.awaitInStep(VM.toString());
        assertEquals(33, standby(16)[11 * BLOCK_BYTES - 1]);
    }

    private static boolean everySlotIsEqual() throws IOException, InterruptedException {
        for (int slot : SLOTS) {
            if (!java.util.Arrays.equals(xen.read(guest.file(XenSlots.deviceName(slot))), standby(slot))) {
                return false;
            }
        }
        return true;
    }

    private static void fill(int slot, int value, int firstBlock, int blocks) throws IOException, InterruptedException {
        guest.fill(XenSlots.deviceName(slot), value, firstBlock, blocks, BLOCK_BYTES);
    }

    private static byte[] standby(int slot) throws IOException {
        return Files.readAllBytes(pair.standbyDisk(VOLUMES.get(slot)));
    }
}
