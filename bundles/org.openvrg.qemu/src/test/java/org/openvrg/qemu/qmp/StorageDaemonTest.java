package org.openvrg.qemu.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.qemu.qmp.QmpException.Kind;

/** The client on QEMU's own storage daemon, with two monitors. */
class StorageDaemonTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final long DISK_BYTES = 1 << 20;

    @TempDir
    Path folder;

    private Process daemon;

    @BeforeEach
    void start() throws Exception {
        Path image = folder.resolve("disk.raw");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        List<String> command = new ArrayList<>(List.of("qemu-storage-daemon"));
        for (String name : List.of("one", "two")) {
            command.addAll(List.of(
                    "--chardev",
                    "socket,id=" + name + ",path=" + folder.resolve(name) + ",server=on,wait=off",
                    "--monitor",
                    "chardev=" + name));
        }
        command.addAll(List.of("--blockdev", "driver=file,node-name=file0,filename=" + image));
        try {
            daemon = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("daemon.log").toFile())
                    .start();
        } catch (IOException e) {
            throw new AssertionError("qemu-storage-daemon is missing: apt-get install qemu-system-common", e);
        }
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!Files.exists(folder.resolve("two"))) {
            assertTrue(daemon.isAlive() && System.nanoTime() < deadline, "the storage daemon does not start");
            Thread.onSpinWait();
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        daemon.destroyForcibly();
        assertTrue(daemon.waitFor(SOON.toSeconds(), TimeUnit.SECONDS));
    }

    private QmpClient open(String name, QmpListener listener) throws QmpException {
        return QmpClient.open(QmpAddress.unix(folder.resolve(name)), SOON, listener);
    }

    private static ObjectNode bitmap(String name) {
        return QmpClient.arguments().put("node", "file0").put("name", name);
    }

    @Test
    void executesInBandAndOutOfBand() throws Exception {
        try (QmpClient client = open("one", QmpListener.NONE)) {
            assertTrue(client.hasOutOfBand());
            JsonNode nodes = client.execute("query-named-block-nodes");
            assertEquals("file0", nodes.path(0).path("node-name").asText());
            assertEquals(DISK_BYTES, nodes.path(0).at("/image/virtual-size").asLong());
            // the daemon has no command that may go out of band: refused, by the monitor itself
            QmpException refused = assertThrows(
                    QmpException.class, () -> client.executeOutOfBand("query-block-jobs", QmpClient.arguments(), SOON));
            assertEquals(Kind.REFUSED, refused.kind());
        }
    }

    @Test
    void tellsTheMonitorsErrors() throws Exception {
        try (QmpClient client = open("one", QmpListener.NONE)) {
            client.execute("block-dirty-bitmap-add", bitmap("b"));
            QmpException twice =
                    assertThrows(QmpException.class, () -> client.execute("block-dirty-bitmap-add", bitmap("b")));
            assertEquals(Kind.REFUSED, twice.kind());
            assertEquals("GenericError", twice.errorClass().orElseThrow());
            assertTrue(twice.getMessage().contains("block-dirty-bitmap-add"), twice.getMessage());
            QmpException unknown = assertThrows(QmpException.class, () -> client.execute("no-such-command"));
            assertEquals("CommandNotFound", unknown.errorClass().orElseThrow());
            client.execute("block-dirty-bitmap-remove", bitmap("b"));
        }
    }

    @Test
    void answersSeveralThreadsAndTwoMonitors() throws Exception {
        try (QmpClient one = open("one", QmpListener.NONE);
                QmpClient two = open("two", QmpListener.NONE)) {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                QmpClient client = i % 2 == 0 ? one : two;
                String name = "b" + i;
                all.add(CompletableFuture.runAsync(() -> add(client, name)));
            }
            for (CompletableFuture<Void> each : all) {
                each.get(SOON.toSeconds(), TimeUnit.SECONDS);
            }
            JsonNode nodes = two.execute("query-named-block-nodes");
            assertEquals(40, nodes.path(0).path("dirty-bitmaps").size());
        }
    }

    private static void add(QmpClient client, String name) {
        try {
            client.execute("block-dirty-bitmap-add", bitmap(name), SOON);
        } catch (QmpException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void hearsEventsInOrder() throws Exception {
        Recorder recorder = new Recorder();
        try (QmpClient client = open("one", recorder)) {
            client.execute(
                    "blockdev-create",
                    QmpClient.arguments()
                            .put("job-id", "made")
                            .set(
                                    "options",
                                    QmpClient.arguments()
                                            .put("driver", "file")
                                            .put(
                                                    "filename",
                                                    folder.resolve("new.raw").toString())
                                            .put("size", DISK_BYTES)));
            List<String> states = new ArrayList<>();
            while (!states.contains("concluded")) {
                states.add(
                        recorder.next("JOB_STATUS_CHANGE").data().path("status").asText());
            }
            assertEquals("created", states.get(0));
            assertEquals("running", states.get(1));
            client.execute("job-dismiss", QmpClient.arguments().put("id", "made"));
            assertEquals(
                    "null",
                    recorder.next("JOB_STATUS_CHANGE").data().path("status").asText());
        }
        assertTrue(recorder.end().contains("closed"));
    }

    @Test
    void aSecondClientOfABusyMonitorTimesOut() throws Exception {
        try (QmpClient first = open("one", QmpListener.NONE)) {
            QmpException late = assertThrows(
                    QmpException.class,
                    () -> QmpClient.open(
                            QmpAddress.unix(folder.resolve("one")), Duration.ofMillis(300), QmpListener.NONE));
            assertEquals(Kind.TIMEOUT, late.kind());
            assertTrue(first.isOpen());
            first.execute("query-version");
        }
    }

    @Test
    void goesThroughACommand() throws Exception {
        Recorder recorder = new Recorder();
        QmpAddress through = QmpAddress.command("one", List.of("socat", "-", "UNIX-CONNECT:" + folder.resolve("one")));
        try (QmpClient client = QmpClient.open(through, SOON, recorder)) {
            client.execute("block-dirty-bitmap-add", bitmap("b"));
            assertEquals(
                    "b",
                    client.execute("query-named-block-nodes")
                            .at("/0/dirty-bitmaps/0/name")
                            .asText());
            daemon.destroyForcibly();
            String end = recorder.end();
            assertTrue(end.contains("socat ended with code"), end);
        }
    }

    @Test
    void tellsOfACommandThatFails() {
        QmpAddress wrong = QmpAddress.command("wrong", List.of("false"));
        QmpException failed = assertThrows(QmpException.class, () -> QmpClient.open(wrong, SOON, QmpListener.NONE));
        assertEquals(Kind.CONNECTION, failed.kind());
        assertTrue(failed.getMessage().contains("ended with code 1"), failed.getMessage());
        QmpAddress missing =
                QmpAddress.command("missing", List.of(folder.resolve("missing").toString()));
        assertThrows(QmpException.class, () -> QmpClient.open(missing, SOON, QmpListener.NONE));
    }

    @Test
    void endsACommandThatHangs() {
        QmpAddress silent = QmpAddress.command("silent", List.of("sleep", "1000"));
        QmpException late = assertThrows(
                QmpException.class, () -> QmpClient.open(silent, Duration.ofMillis(200), QmpListener.NONE));
        assertEquals(Kind.TIMEOUT, late.kind());
        ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").endsWith("/sleep"))
                .forEach(child -> child.onExit()
                        .orTimeout(SOON.toSeconds(), TimeUnit.SECONDS)
                        .join());
    }

    @Test
    void aKilledDaemonEndsTheConnection() throws Exception {
        Recorder recorder = new Recorder();
        try (QmpClient client = open("one", recorder)) {
            daemon.destroyForcibly();
            recorder.end();
            assertFalse(client.isOpen());
            QmpException gone = assertThrows(QmpException.class, () -> client.execute("query-version"));
            assertEquals(Kind.CONNECTION, gone.kind());
        }
    }
}
