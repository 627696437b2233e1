package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tools that users have work against the exports of a protected VM with two disks, and whatever they did, the
 * standby disks are equal to production's once the queue has drained.
 */
class ClientToolsTest {
    private static final Duration TOOL = Duration.ofMinutes(2);
    private static final long MIB = 1 << 20;
    private static final String SOME = "[1-9][0-9]*";
    private static final long FIRST_BYTES = 64 * MIB;
    private static final long SECOND_BYTES = 48 * MIB;

    private static Pair pair;
    private static String first;
    private static String second;
    private static String vm;

    @TempDir
    private Path folder;

    @BeforeAll
    static void startBoth() throws IOException, InterruptedException {
        pair = new Pair("client-tools").patient().start();
        first = pair.newDisk(FIRST_BYTES);
        second = pair.newDisk(SECOND_BYTES);
        vm = pair.protect(true, true, first, second);
        pair.awaitInStep(vm);
        pair.awaitExport(first);
        pair.awaitExport(second);
    }

    @AfterAll
    static void stopBoth() throws IOException {
        pair.close();
    }

    @AfterEach
    void standbyEqualsProduction() throws IOException, InterruptedException {
        pair.awaitDrained(vm);
        pair.assertDisksEqual(first);
        pair.assertDisksEqual(second);
    }

    @Test
    void nbdinfoTellsSizeAbilitiesAndAllocation() throws IOException, InterruptedException {
        JsonNode export = json("nbdinfo", "--json", pair.uri(second)).at("/exports/0");
        assertEquals(SECOND_BYTES, export.path("export-size").asLong());
        for (String ability : List.of("can_flush", "can_fua", "can_trim", "can_zero", "can_cache", "can_multi_conn")) {
            assertTrue(export.path(ability).asBoolean(), () -> ability + ": " + export);
        }
        assertTrue(export.path("contexts").toString().contains("base:allocation"), export::toString);

        qemuIo(second, "write -P 7 0 4M", "write -P 8 20M 64k", "discard 32M 16M", "write -z -u 1M 1M");
        JsonNode map = json("nbdinfo", "--map", "--json", pair.uri(second));
        long end = 0;
        for (JsonNode extent : map) {
            assertEquals(end, extent.path("offset").asLong());
            end += extent.path("length").asLong();
        }
        assertEquals(SECOND_BYTES, end);
        assertEquals("data", map.get(0).path("description").asText());
        assertEquals("zero", map.get(map.size() - 1).path("description").asText());
        // what is told to be zero must be: nbdcopy skips it
        nbdcopy(pair.uri(second), folder.resolve("copy.raw").toString());
        assertEquals(-1, Files.mismatch(folder.resolve("copy.raw"), pair.productionDisk(second)));
    }

    @Test
    void nbdcopyCopiesBothWays() throws IOException, InterruptedException {
        Path image = Images.random(folder.resolve("image.raw"), FIRST_BYTES, 20260105);
        Path back = folder.resolve("back.raw");

        nbdcopy(image.toString(), pair.uri(first));
        nbdcopy(pair.uri(first), back.toString());

        assertEquals(-1, Files.mismatch(image, back));
        nbdcopy(pair.uri(second), folder.resolve("second.raw").toString());
        pair.awaitDrained(vm);
        assertEquals(-1, Files.mismatch(image, pair.standbyDisk(first)));
    }

    @Test
    void qemuImgTellsConvertsAndCompares() throws IOException, InterruptedException {
        JsonNode info = json("qemu-img", "info", "--output=json", pair.uri(second));
        assertEquals(SECOND_BYTES, info.path("virtual-size").asLong());
        assertEquals("raw", info.path("format").asText());

        Path raw = Images.random(folder.resolve("source.raw"), SECOND_BYTES, 20260106);
        Path source = folder.resolve("source.qcow2");
        qemuImg("convert", "-f", "raw", "-O", "qcow2", raw.toString(), source.toString());
        qemuImg("convert", "-n", "-f", "qcow2", "-O", "raw", source.toString(), pair.uri(second));
        qemuImg("compare", "-f", "qcow2", "-F", "raw", source.toString(), pair.uri(second));

        Path back = folder.resolve("back.qcow2");
        qemuImg("convert", "-f", "raw", "-O", "qcow2", pair.uri(second), back.toString());
        qemuImg("compare", "-f", "qcow2", "-F", "raw", back.toString(), raw.toString());
    }

    @Test
    void qemuIoReadsWhatItWrote() throws IOException, InterruptedException {
        qemuIo(
                first,
                "write -P 0x11 0 8M",
                "write -f -P 0x22 512 1536",
                "write -z 1M 1M",
                "write -z -u 2M 1M",
                "discard 3M 1M",
                "write -P 0x33 " + (FIRST_BYTES - 512) + " 512",
                "aio_write -P 0x44 16M 1M",
                "aio_write -P 0x55 17M 1M",
                "aio_flush",
                "flush");
        String output = qemuIo(
                first,
                "read -P 0x11 0 512",
                "read -P 0x22 512 1536",
                "read -P 0 1M 2M",
                "read -P 0x11 4M 4M",
                "read -P 0x33 " + (FIRST_BYTES - 512) + " 512",
                "read -P 0x44 16M 1M",
                "read -P 0x55 17M 1M");
        assertTrue(!output.contains("verification failed"), output);
    }

    @Test
    void fioVerifiesRandomWritesOverSeveralConnections() throws IOException, InterruptedException {
        List<String> command = fio();
        command.addAll(List.of("--rw=randwrite", "--bsrange=512-64k", "--blockalign=512", "--iodepth=16"));
        command.addAll(List.of("--size=16m", "--numjobs=3", "--offset_increment=16m"));
        command.addAll(List.of("--name=first", "--uri=" + pair.uri(first)));
        command.addAll(List.of("--name=second", "--uri=" + pair.uri(second)));
        assertVerified(Tools.succeed(TOOL, command), "0");
    }

    @Test
    void fioVerifiesWritesAmongTrims() throws IOException, InterruptedException {
        List<String> command = fio();
        command.addAll(List.of("--rw=randtrimwrite", "--bs=16k", "--iodepth=8", "--size=16m"));
        command.addAll(List.of("--numjobs=2", "--offset_increment=16m"));
        command.addAll(List.of("--name=first", "--uri=" + pair.uri(first)));
        command.addAll(List.of("--name=second", "--uri=" + pair.uri(second)));
        assertVerified(Tools.succeed(TOOL, command), SOME);
    }

    /** fio sends no zeroes, so libnbd does: four connections that each own a quarter and know what must stand there. */
    @Test
    void libnbdVerifiesWritesZeroesAndTrimsOverSeveralConnections() throws IOException, InterruptedException {
        Path script = Files.writeString(
                folder.resolve("mixed.py"),
                """
                import random, sys, threading
                try:
                    import nbd
                except ImportError:
                    sys.exit("libnbd for Python is missing: apt-get install python3-libnbd")
                SEED, QUARTERS, STEPS = 20260107, 4, 300
                failures = []
                def work(number):
                    try:
                        h = nbd.NBD()
                        h.connect_uri(sys.argv[1])
                        share = h.get_size() // QUARTERS
                        base = number * share
                        know = bytearray(h.pread(share, base))
                        rnd = random.Random(SEED + number)
                        for step in range(STEPS):
                            length = rnd.randrange(1, 256 * 1024)
                            at = rnd.randrange(share - length)
                            fua = nbd.CMD_FLAG_FUA if rnd.random() < 0.1 else 0
                            kind = rnd.randrange(4)
                            if kind <= 1:
                                data = rnd.randbytes(length)
                                h.pwrite(data, base + at, fua)
                                know[at:at + length] = data
                            elif kind == 2:
                                hole = nbd.CMD_FLAG_NO_HOLE if rnd.random() < 0.5 else 0
                                h.zero(length, base + at, fua | hole)
                                know[at:at + length] = bytes(length)
                            else:
                                h.trim(length, base + at, fua)
                                know[at:at + length] = h.pread(length, base + at)
                            if step % 50 == 0:
                                h.flush()
                        h.flush()
                        step = 1 << 20
                        for at in range(0, share, step):
                            if h.pread(step, base + at) != know[at:at + step]:
                                raise Exception("quarter %d differs in the MiB at %d" % (number, at))
                        h.shutdown()
                    except Exception as e:
                        failures.append(e)
                threads = [threading.Thread(target=work, args=(n,)) for n in range(QUARTERS)]
                [t.start() for t in threads]
                [t.join() for t in threads]
                sys.exit("; ".join(map(str, failures)) or 0)
                """);
        Tools.succeed(TOOL, List.of("/usr/bin/python3", script.toString(), pair.uri(first)));
        Tools.succeed(TOOL, List.of("/usr/bin/python3", script.toString(), pair.uri(second)));
    }

    private static List<String> fio() {
        return new ArrayList<>(List.of(
                "fio",
                "--ioengine=nbd",
                "--verify=crc32c",
                "--do_verify=1",
                "--verify_fatal=1",
                "--verify_state_save=0",
                "--serialize_overlap=1", // NBD promises no order among requests in flight
                "--thread",
                "--group_reporting"));
    }

    /** That there was no error, and reads for verification, writes and trims were made. */
    private static void assertVerified(String output, String trims) {
        assertTrue(output.contains("err= 0"), output);
        Pattern issued = Pattern.compile("issued rwts: total=" + SOME + "," + SOME + "," + trims + ",");
        assertTrue(issued.matcher(output).find(), output);
    }

    private static void nbdcopy(String from, String to) throws IOException, InterruptedException {
        Tools.succeed(TOOL, List.of("nbdcopy", "--flush", from, to));
    }

    private static void qemuImg(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("qemu-img"));
        command.addAll(List.of(arguments));
        Tools.succeed(TOOL, command);
    }

    private static String qemuIo(String volume, String... commands) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "raw", "-d", "unmap"));
        for (String each : commands) {
            command.addAll(List.of("-c", each));
        }
        command.add(pair.uri(volume));
        return Tools.succeed(TOOL, command);
    }

    private static JsonNode json(String... command) throws IOException, InterruptedException {
        return new ObjectMapper().readTree(Tools.succeed(TOOL, List.of(command)));
    }
}
