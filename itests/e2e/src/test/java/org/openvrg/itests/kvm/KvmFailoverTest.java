package org.openvrg.itests.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Pair;

/** A guest dies together with its gateway; another one boots from the DR disk. */
class KvmFailoverTest {
    private static final System.Logger LOG = System.getLogger(KvmFailoverTest.class.getName());
    private static final int SAMPLES = 100_000;

    /** A record that the guest knew as durable before a look at production, whose newest sequence covers it. */
    private record Sample(long record, long sequence) {}

    @Test
    void aSecondGuestGoesOnFromTheStandby() throws IOException, InterruptedException {
        try (KvmLab lab = new KvmLab("kvm-failover")) {
            Guest guest = lab.newGuest();
            String volume = guest.volume();
            guest.startRecords();
            List<Integer> states = lab.protect(guest, volume);
            assertEquals(List.of(3, 1), states, "states of the VM");
            guest.awaitRecords(50);

            long covered = sample(lab, guest);
            // The gateway first: one that lives to see its guest die tells the DR side that capture is lost.
            lab.pair().production().kill();
            guest.kill();
            long told = guest.lastRecord();

            assertEquals(1, Pair.remove(lab.pair().dr(), guest.uuid(), false), () -> lab.pair()
                    .dr()
                    .tail());
            Guest second = lab.guest("dr", guest.uuid(), lab.pair().standbyDisk(volume), volume)
                    .start();
            second.run("mount -t ext4 /dev/vda /mnt");
            long last = Long.parseLong(second.run("tail -n 1 /mnt/records").strip());
            long all = Long.parseLong(second.run("wc -l < /mnt/records").strip());
            second.run("umount /mnt && /e2fs/e2fsck -fn /dev/vda");

            LOG.log(
                    Level.INFO,
                    "states {0}; record {1} was told by the guest, {2} covered by a checkpoint, {3} is on the standby",
                    states,
                    told,
                    covered,
                    last);
            assertTrue(covered > 0, "nothing was covered");
            assertEquals(last, all, "records are missing in between");
            assertTrue(last >= covered, last + " on the standby, " + covered + " were covered");
        }
    }

    /** Looks at both until something that the guest told is durable at the DR side; the newest such record. */
    private static long sample(KvmLab lab, Guest guest) throws IOException, InterruptedException {
        Deque<Sample> samples = new ArrayDeque<>();
        long first = guest.lastRecord();
        long covered = 0;
        while (covered < first + 20) {
            long record = guest.lastRecord();
            JsonNode progress = lab.report(guest).path("progress");
            long durable = progress.path("durableSequence").asLong();
            samples.addFirst(new Sample(record, progress.path("lastSequence").asLong()));
            assertTrue(samples.size() < SAMPLES, "too many looks");
            covered = samples.stream()
                    .filter(sample -> sample.sequence() <= durable)
                    .mapToLong(Sample::record)
                    .max()
                    .orElse(0);
        }
        return covered;
    }
}
