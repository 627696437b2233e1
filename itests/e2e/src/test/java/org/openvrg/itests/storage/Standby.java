package org.openvrg.itests.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Await;
import org.openvrg.itests.Load;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Tools;

/** A VM whose only disk has its standby on any kind of storage, under load. Not thread-safe. */
final class Standby implements AutoCloseable {
    static final long MIB = 1 << 20;
    static final long DISK_BYTES = 32 * MIB;

    private static final System.Logger LOG = System.getLogger(Standby.class.getName());
    private static final long BYTES_PER_SECOND = 2 * MIB;
    private static final long REGION_BYTES = 8 * MIB;
    private static final int NORMAL = 1;
    private static final int TYPE_WRONG = 3;
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final Duration TOOL = Duration.ofMinutes(1);

    private final Pair pair;
    private final String volType;
    private final String volume;
    private final String vm = UUID.randomUUID().toString();
    private final Load load;

    /** Breaks or heals a back end, or reads it into a file. */
    interface Step {
        /** Does it. */
        void run() throws IOException, InterruptedException;
    }

    /** Protects a new disk and waits for nothing; the standby volume is told by its URL and parameters. */
    Standby(Pair pair, String volType, String url, Map<String, String> extParams)
            throws IOException, InterruptedException {
        this.pair = pair;
        this.volType = volType;
        this.volume = pair.newDisk(DISK_BYTES);
        Map<String, Object> entry =
                new java.util.TreeMap<>(Map.of("volUuid", volume, "volumeUrl", url, "volType", volType, "seqNum", 1));
        if (!extParams.isEmpty()) {
            entry.put("drExtParams", extParams);
        }
        pair.dr()
                .rest()
                .post(
                        "/vmstrategy",
                        Map.of(
                                "vmUuid",
                                vm,
                                "agentIp",
                                "127.0.0.1",
                                "agentPort",
                                pair.agent().port(),
                                "volList",
                                List.of(entry)));
        pair.protectProduction(vm, true, true, volume);
        load = new Load(pair, 1, REGION_BYTES, BYTES_PER_SECOND, volume);
    }

    /** Waits until both sides are in step, and begins to write. */
    Standby begin() throws StorageException {
        pair.awaitInStep(vm);
        pair.awaitExport(volume);
        load.start();
        load.awaitMore(30);
        return this;
    }

    /** Waits until the volume has no plug-in. */
    void awaitNoPlugIn() {
        awaitStatus(TYPE_WRONG, false);
    }

    /** Takes the plug-in away under load and puts it back. */
    void redeploy(Path plugIn) throws IOException {
        pair.dr().undeploy(plugIn);
        tell("volStatus 3 after " + awaitStatus(TYPE_WRONG, false) + " ms without its plug-in");
        load.awaitMore(30);
        pair.dr().deploy(plugIn);
        tell("volStatus 1 after " + awaitStatus(NORMAL, false) + " ms with it again");
        load.awaitMore(30);
    }

    /** Breaks the back end under load until the volume is given up, and heals it. */
    void fault(String what, Step breaks, Step heals) throws IOException, InterruptedException {
        load.takeSlowestMillis();
        long before = load.writes();
        breaks.run();
        long gone = awaitStatus(NORMAL, true);
        load.awaitMore(60);
        heals.run();
        long back = awaitStatus(NORMAL, false);
        load.awaitMore(30);
        tell(what + ": given up after " + gone + " ms, back " + back + " ms after it was healed; the guest wrote "
                + (load.writes() - before) + " times meanwhile, " + load.takeSlowestMillis() + " ms the slowest");
    }

    /** Ends the load, removes the VM at the DR side, and compares: every byte must be there. */
    void finish(Path standby, Step fetches) throws IOException, InterruptedException {
        load.stop();
        long begin = System.nanoTime();
        pair.awaitDrained(vm);
        assertEquals(1, Pair.remove(pair.dr(), vm, false));
        fetches.run();
        assertEquals(-1, Files.mismatch(pair.productionDisk(volume), standby), () -> pair.describe(vm));
        tell(load.writes() + " writes of 16 KiB, equal " + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)
                + " ms after the last one");
    }

    /** Waits until the volume's status is such, or is not; the milliseconds it took. */
    private long awaitStatus(int status, boolean isNot) {
        long start = System.nanoTime();
        Await.until(SOON, () -> (isNot ? "not " : "") + "volStatus " + status + ": " + pair.describe(vm), () -> {
            load.assertUnbroken();
            int now = pair.dr()
                    .rest()
                    .get("/vmstrategy?vmUuid=" + vm)
                    .at("/vmList/0/volList/0/volStatus")
                    .asInt();
            return (now == status) != isNot;
        });
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    private void tell(String text) {
        LOG.log(Level.INFO, volType + ": " + text);
    }

    /** A raw copy of an image, by QEMU's own tool. */
    static void convert(String format, Path image, Path raw) throws IOException, InterruptedException {
        Tools.succeed(
                TOOL, List.of("qemu-img", "convert", "-f", format, "-O", "raw", image.toString(), raw.toString()));
    }

    String vm() {
        return vm;
    }

    Load load() {
        return load;
    }

    @Override
    public void close() {
        load.close();
    }
}
