package org.openvrg.itests.kvm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;

/**
 * One guest that writes all the time, while its gateway is killed, stopped, or cut off from the other site. Each time
 * only what changed travels afterwards, and both disks are equal.
 */
class KvmOutageTest {
    private static final System.Logger LOG = System.getLogger(KvmOutageTest.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LONG = Duration.ofMinutes(3);

    private static KvmLab lab;
    private static Guest guest;
    private static String volume;
    private static JsonNode withoutCapture;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        lab = new KvmLab("kvm-outage");
        guest = lab.newGuest();
        volume = guest.volume();
        withoutCapture = fio();
        lab.protect(guest, volume);
    }

    @AfterAll
    static void stop() throws IOException {
        lab.close();
    }

    private static String failure() {
        return lab.pair().describe(guest.uuid()) + guest.describe();
    }

    /** New random bytes in one file of the guest, on its disk. */
    private static void change(String file) throws IOException {
        guest.run("dd if=/dev/urandom of=/mnt/" + file + " bs=1M count=" + KvmLab.CHANGED_MIB + " && sync", LONG);
    }

    /** Waits until all that the guest wrote is on the standby, in state 1, and compares. */
    private static void assertInStep() throws IOException, InterruptedException {
        guest.run("sync");
        lab.awaitDrained(guest);
        lab.assertEqual(volume);
    }

    @Test
    void aGuestsWritesTakeLittleLongerWithCapture() throws IOException, InterruptedException {
        JsonNode off = withoutCapture;
        JsonNode on = fio();
        for (String key : new String[] {"50.000000", "99.000000"}) {
            LOG.log(
                    Level.INFO,
                    String.format(
                            Locale.ROOT,
                            "4 KiB synchronous writes in the guest, percentile %.0f: %.0f us without capture, %.0f us with",
                            Double.parseDouble(key),
                            micros(off, key),
                            micros(on, key)));
        }
        LOG.log(
                Level.INFO,
                String.format(
                        Locale.ROOT,
                        "4 KiB synchronous writes in the guest: %.0f a second without capture, %.0f with",
                        off.path("iops").asDouble(),
                        on.path("iops").asDouble()));
        assertTrue(on.path("total_ios").asLong() > 0, on.toString());
        assertInStep();
    }

    private static double micros(JsonNode write, String percentile) {
        return write.at("/clat_ns/percentile/" + percentile).asDouble() / 1000;
    }

    private static JsonNode fio() throws IOException {
        String said = guest.run(
                "LD_LIBRARY_PATH=/tools/lib /tools/lib/ld-linux-x86-64.so.2 /tools/fio --name=w --filename=/mnt/fio --size=8m --bs=4k"
                        + " --rw=randwrite --ioengine=psync --sync=1 --time_based --runtime=8 --randrepeat=0"
                        + " --thread --output-format=json",
                LONG);
        return JSON.readTree(said.substring(said.indexOf('{'))).at("/jobs/0/write");
    }

    @Test
    void aKilledGatewayResendsWhatTheHostNoted() throws IOException, InterruptedException {
        assertInStep();
        KvmLab.awaitRotation();
        lab.pair().production().kill();
        change("while-killed");
        long before = lab.wireBytes();
        lab.pair().production().start();
        lab.pair().awaitPaired();
        assertInStep();
        lab.assertOnlyChanges(guest, "gateway killed and started again", before);
    }

    @Test
    void aLinkThatIsDownHoldsNobodyUp() throws IOException, InterruptedException {
        assertInStep();
        lab.pair().cutLink();
        try {
            change("while-down");
            guest.startRecords();
            guest.awaitRecords(20);
        } finally {
            lab.pair().restoreLink();
        }
        guest.stopRecords();
        assertInStep();
    }

    @Test
    void aStoppedGatewayIsCutOff() throws IOException, InterruptedException {
        assertInStep();
        KvmLab.awaitRotation();
        guest.startRecords();
        guest.awaitRecords(10);
        long before = lab.wireBytes();
        long losses = lab.losses();
        lab.pair().production().pause();
        try {
            guest.resetGap();
            guest.awaitRecords(30);
            LOG.log(Level.INFO, "gateway stopped: the guest waited {0} ms at most", guest.longestGapMillis());
            guest.stopRecords();
            change("while-stopped");
        } finally {
            lab.pair().production().resume();
        }
        // before it knows, it still tells the state of before
        Await.until(Pair.IN_STEP, KvmOutageTest::failure, () -> lab.losses() > losses);
        Await.until(
                Pair.IN_STEP,
                KvmOutageTest::failure,
                () -> lab.report(guest).path("state").asInt() == 1);
        assertInStep();
        lab.assertOnlyChanges(guest, "gateway stopped and continued", before);
    }
}
