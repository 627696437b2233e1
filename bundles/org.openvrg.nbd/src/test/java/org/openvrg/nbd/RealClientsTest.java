package org.openvrg.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.nbd.internal.NbdServer;

/** The server under the clients that users have. A tool that is missing fails with the package that brings it. */
class RealClientsTest {
    private static final String NAME = "6e1d1f5c-0d29-4a4c-9a3b-0c7c6b1d9a10";
    private static final int SIZE = 16 << 20;

    private final ExecutorService executor = Executors.newSingleThreadExecutor();
    private final MemoryExport export = new MemoryExport(NAME, SIZE, executor);
    private final NbdServer server = new NbdServer(NbdSettings.loopback());

    @TempDir
    Path directory;

    @BeforeAll
    static void requireTools() throws Exception {
        Tools.require("nbdinfo", "libnbd-bin");
        Tools.require("nbdcopy", "libnbd-bin");
        Tools.require("qemu-img", "qemu-utils");
        Tools.require("qemu-io", "qemu-utils");
        Tools.require("fio", "fio");
        Tools.require("/usr/bin/python3", "python3");
        if (Tools.attempt("/usr/bin/python3", "-c", "import nbd").exit() != 0) {
            throw new AssertionError("the Python module nbd is missing: apt-get install python3-libnbd");
        }
    }

    @BeforeEach
    void start() throws Exception {
        server.add(new MemoryCatalog(export));
        server.start();
    }

    @AfterEach
    void stop() {
        server.close();
        executor.shutdownNow();
    }

    private String uri() {
        return "nbd://127.0.0.1:" + server.port() + "/" + NAME;
    }

    private Path randomFile(int bytes) throws Exception {
        byte[] content = new byte[bytes];
        new Random(4711).nextBytes(content);
        return Files.write(directory.resolve("random.raw"), content);
    }

    @Test
    void nbdinfoShowsSizeAndAbilities() throws Exception {
        String json = Tools.run("nbdinfo", "--json", uri()).replaceAll("\\s", "");
        assertTrue(json.contains("\"export-size\":" + SIZE), json);
        assertTrue(json.contains("\"can_multi_conn\":true"), json);
        assertTrue(json.contains("\"can_trim\":true"), json);
        assertTrue(json.contains("\"can_cache\":true"), json);
        assertTrue(json.contains("\"can_df\":true"), json);
        assertTrue(json.contains("\"block_size_minimum\":1"), json);
        assertTrue(json.contains("base:allocation"), json);
        String list = Tools.run("nbdinfo", "--list", "nbd://127.0.0.1:" + server.port());
        assertTrue(list.contains(NAME), list);
    }

    @Test
    void nbdinfoMapsAllocation() throws Exception {
        Tools.run("qemu-io", "-f", "raw", "-c", "write -P 7 1M 2M", uri());
        String map = Tools.run("nbdinfo", "--map", uri()).replaceAll(" +", " ");
        assertTrue(map.contains(" 0 1048576 3"), map);
        assertTrue(map.contains(" 1048576 2097152 0"), map);
    }

    @Test
    void nbdcopyCopiesInAndOut() throws Exception {
        Path in = randomFile(SIZE);
        Path out = directory.resolve("out.raw");
        Tools.run("nbdcopy", "--flush", in.toString(), uri());
        assertArrayEquals(Files.readAllBytes(in), export.content());
        assertTrue(export.flushes.get() > 0);
        Tools.run("nbdcopy", uri(), out.toString());
        assertEquals(-1, Files.mismatch(in, out));
    }

    @Test
    void qemuImgConvertsAndCompares() throws Exception {
        Path in = randomFile(SIZE);
        Tools.run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", in.toString(), uri());
        assertArrayEquals(Files.readAllBytes(in), export.content());
        Tools.run("qemu-img", "compare", "-f", "raw", "-F", "raw", in.toString(), uri());
        String info = Tools.run("qemu-img", "info", uri());
        assertTrue(info.contains(SIZE + " bytes"), info);
        Path copy = directory.resolve("copy.qcow2");
        Tools.run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", uri(), copy.toString());
        Tools.run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", copy.toString(), in.toString());
    }

    @Test
    void qemuIoWritesZeroesDiscardsAndForces() throws Exception {
        String output = Tools.run(
                "qemu-io",
                "-f",
                "raw",
                "-c",
                "write -P 1 0 64k",
                "-c",
                "write -f -P 2 513 1023",
                "-c",
                "aio_write -P 3 1M 1M",
                "-c",
                "aio_flush",
                "-c",
                "write -z -u 4k 8k",
                "-c",
                "discard 32k 16k",
                "-c",
                "flush",
                "-c",
                "read -P 1 0 513",
                "-c",
                "read -P 2 513 1023",
                "-c",
                "read -P 0 4k 8k",
                "-c",
                "read -P 3 1M 1M",
                uri());
        assertTrue(!output.contains("failed"), output);
        assertTrue(export.forced.get() > 0);
        byte[] content = export.content();
        assertEquals(2, content[513]);
        assertEquals(0, content[40_000]);
        assertEquals(3, content[(2 << 20) - 1]);
    }

    @Test
    void fioVerifiesRandomWritesOfSeveralJobs() throws Exception {
        String output = Tools.run(
                "fio",
                "--ioengine=nbd",
                "--uri=" + uri(),
                "--direct=1",
                "--rw=randwrite",
                "--verify=crc32c",
                "--verify_state_save=0",
                "--do_verify=1",
                "--verify_fatal=1",
                "--bsrange=512-64k",
                "--blockalign=512",
                "--iodepth=16",
                "--size=4m",
                "--numjobs=3",
                "--offset_increment=4m",
                "--thread",
                "--group_reporting",
                "--name=a");
        assertTrue(output.contains("err= 0"), output);
    }

    @Test
    void fioVerifiesWritesBetweenTrims() throws Exception {
        String output = Tools.run(
                "fio",
                "--ioengine=nbd",
                "--uri=" + uri(),
                "--rw=trimwrite",
                "--verify=crc32c",
                "--verify_state_save=0",
                "--serialize_overlap=1", // NBD promises no order among requests in flight
                "--bs=4k",
                "--iodepth=4",
                "--size=4m",
                "--name=a");
        assertTrue(output.contains("err= 0"), output);
    }

    @Test
    void libnbdIsAnsweredLikeNbdkitWhenItBreaksTheRules() throws Exception {
        String script =
                """
                import nbd, errno, sys
                h = nbd.NBD()
                h.add_meta_context("base:allocation")
                h.connect_uri(sys.argv[1])
                h.set_strict_mode(0)
                size = h.get_size()
                def fails(what, expected, call):
                    try:
                        call()
                    except nbd.Error as e:
                        if e.errnum != expected:
                            sys.exit("%s: %s" % (what, e))
                        return
                    sys.exit(what + ": was not refused")
                fails("read past end", errno.EINVAL, lambda: h.pread(2, size - 1))
                fails("write past end", errno.ENOSPC, lambda: h.pwrite(b"xx", size - 1))
                fails("zero past end", errno.ENOSPC, lambda: h.zero(2, size - 1))
                fails("trim past end", errno.EINVAL, lambda: h.trim(2, size - 1))
                fails("read nothing", errno.EINVAL, lambda: h.pread_structured(0, 0, lambda *a: 0))
                fails("trim nothing", errno.EINVAL, lambda: h.trim(0, 0))
                fails("read flags", errno.EINVAL, lambda: h.pread(512, 0, 1 << 3))
                fails("write flags", errno.EINVAL, lambda: h.pwrite(b"x" * 512, 0, nbd.CMD_FLAG_DF))
                fails("zero fast", errno.EINVAL, lambda: h.zero(512, 0, nbd.CMD_FLAG_FAST_ZERO))
                fails("status past end", errno.EINVAL, lambda: h.block_status(2, size - 1, lambda *a: 0))
                h.pwrite(b"hello", 3, nbd.CMD_FLAG_FUA)
                assert h.pread(5, 3, nbd.CMD_FLAG_DF) == b"hello"
                h.cache(4096, 0)
                got = []
                h.block_status(8192, 0, lambda c, o, e, r: got.extend(e) or 0, nbd.CMD_FLAG_REQ_ONE)
                assert got == [4096, 0], got
                cookies = [h.aio_pwrite(nbd.Buffer.from_bytearray(bytearray([i]) * 4096), i * 4096)
                           for i in range(64)]
                while h.aio_in_flight() > 0:
                    h.poll(-1)
                for c in cookies:
                    h.aio_command_completed(c)
                assert h.pread(1, 63 * 4096) == bytes([63])
                h.shutdown()
                """;
        Path file = Files.writeString(directory.resolve("rules.py"), script);
        Tools.run("/usr/bin/python3", file.toString(), uri());
    }

    @Test
    void libnbdWorksWithoutStructuredReplies() throws Exception {
        String script =
                """
                import nbd, sys
                h = nbd.NBD()
                h.set_request_structured_replies(False)
                h.connect_uri(sys.argv[1])
                assert not h.get_structured_replies_negotiated()
                h.pwrite(b"a" * 70000, 11)
                assert h.pread(70000, 11) == b"a" * 70000
                h.flush()
                h.shutdown()
                """;
        Path file = Files.writeString(directory.resolve("simple.py"), script);
        Tools.run("/usr/bin/python3", file.toString(), uri());
    }

    @Test
    void gnutlsClientsSpeakTlsWithPinnedCertificates() throws Exception {
        TestIdentity gateway = TestIdentity.named("gateway");
        TestIdentity client = TestIdentity.named("client");
        Path known = pki("known", gateway, client);
        Path stranger = pki("stranger", gateway, TestIdentity.named("stranger"));
        NbdSettings settings = NbdSettings.loopback().withTls(TlsMode.REQUIRED, List.of(client.fingerprint()));
        try (NbdServer secure = new NbdServer(settings, gateway)) {
            secure.add(new MemoryCatalog(export));
            secure.start();
            String tail = "://127.0.0.1:" + secure.port() + "/" + NAME;
            String info = Tools.run("nbdinfo", "nbds" + tail + "?tls-certificates=" + known);
            assertTrue(info.contains("with TLS"), info);
            assertNotEquals(0, Tools.attempt("nbdinfo", "nbd" + tail).exit());
            assertNotEquals(
                    0,
                    Tools.attempt("nbdinfo", "nbds" + tail + "?tls-certificates=" + stranger)
                            .exit());
            Tools.run(
                    "qemu-io",
                    "--object",
                    "tls-creds-x509,id=t,endpoint=client,sanity-check=off,dir=" + known,
                    "-c",
                    "write -P 9 0 1M",
                    "-c",
                    "read -P 9 0 1M",
                    "--image-opts",
                    "driver=nbd,server.type=inet,server.host=127.0.0.1,server.port=" + secure.port() + ",export=" + NAME
                            + ",tls-creds=t");
            assertEquals(9, export.content()[0]);
        }
    }

    private Path pki(String name, TestIdentity server, TestIdentity client) throws Exception {
        Path folder = Files.createDirectory(directory.resolve(name));
        TestIdentity.writePem(
                folder.resolve("ca-cert.pem"),
                "CERTIFICATE",
                server.certificate().getEncoded());
        TestIdentity.writePem(
                folder.resolve("client-cert.pem"),
                "CERTIFICATE",
                client.certificate().getEncoded());
        TestIdentity.writePem(
                folder.resolve("client-key.pem"),
                "PRIVATE KEY",
                client.privateKey().getEncoded());
        return folder;
    }
}
