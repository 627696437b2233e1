package org.openvrg.qemu.mirror;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.qemu.qmp.QmpAddress;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;
import org.openvrg.qemu.qmp.QmpListener;

/** A QEMU with one disk and no guest: the test writes through the disk's device, as a guest would. */
final class TestQemu implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(60);
    private static final String DEVICE = "/machine/peripheral/vd0/virtio-backend";

    private final Path folder;
    private final Path image;
    private final String format;
    private boolean threaded;
    private boolean incoming;
    private Optional<Process> process = Optional.empty();
    private Optional<QmpClient> monitor = Optional.empty();
    private Optional<QmpClient> hands = Optional.empty();

    TestQemu(Path folder, String format, long sizeBytes) throws IOException, InterruptedException {
        this.folder = folder;
        this.format = format;
        this.image = folder.resolve("disk." + format);
        run("qemu-img", "create", "-q", "-f", format, image.toString(), String.valueOf(sizeBytes));
    }

    /** Another one that can have the other's VM, not started. */
    TestQemu(Path folder, TestQemu other) {
        this.folder = folder;
        this.format = other.format;
        this.image = other.image;
    }

    static void run(String... command) throws IOException, InterruptedException {
        Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(tool.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertTrue(tool.waitFor(60, TimeUnit.SECONDS) && tool.exitValue() == 0, List.of(command) + ": " + output);
    }

    TestQemu start() throws IOException, QmpException {
        Files.deleteIfExists(folder.resolve("one"));
        Files.deleteIfExists(folder.resolve("two"));
        List<String> command = new ArrayList<>(List.of(
                "qemu-system-x86_64",
                "-accel",
                "tcg",
                "-m",
                "32",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none"));
        command.addAll(List.of("-S", "-qmp", "unix:" + folder.resolve("one") + ",server=on,wait=off"));
        command.addAll(List.of("-qmp", "unix:" + folder.resolve("two") + ",server=on,wait=off"));
        command.addAll(List.of("-blockdev", "driver=file,node-name=file0,filename=" + image));
        command.addAll(List.of("-blockdev", "driver=" + format + ",file=file0,node-name=disk0"));
        command.addAll(
                threaded
                        ? List.of("-object", "iothread,id=thread0")
                        : List.of("-device", "virtio-blk-pci,drive=disk0,id=vd0"));
        if (incoming) {
            command.addAll(List.of("-incoming", "unix:" + folder.resolve("migration")));
        }
        try {
            process = Optional.of(new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("qemu.log").toFile())
                    .start());
        } catch (IOException e) {
            throw new AssertionError("qemu-system-x86_64 is missing: apt-get install qemu-system-x86", e);
        }
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!Files.exists(folder.resolve("two"))) {
            assertTrue(
                    process.get().isAlive() && System.nanoTime() < deadline,
                    () -> "QEMU does not start: " + text(folder.resolve("qemu.log")));
            pause();
        }
        hands = Optional.of(QmpClient.open(QmpAddress.unix(folder.resolve("two")), SOON, QmpListener.NONE));
        return this;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    static void pause() {
        java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }

    /** Ends it as a power cut would. */
    void kill() throws InterruptedException {
        process.orElseThrow().destroyForcibly();
        assertTrue(process.orElseThrow().waitFor(60, TimeUnit.SECONDS));
        closeMonitors();
    }

    /** Ends it in order. */
    void quit() throws Exception {
        hands.orElseThrow().execute("quit");
        assertTrue(process.orElseThrow().waitFor(60, TimeUnit.SECONDS));
        closeMonitors();
    }

    /** What becomes of the monitor's connection when the gateway dies. */
    synchronized void closeMonitor() {
        monitor.ifPresent(QmpClient::close);
        monitor = Optional.empty();
    }

    private void closeMonitors() {
        closeMonitor();
        hands.ifPresent(QmpClient::close);
    }

    /** The connection that tests use beside the capture's. */
    QmpClient hands() {
        return hands.orElseThrow();
    }

    /**
     * Starts with the disk in a thread of its own, as a guest's driver makes it where the device has an iothread. Nobody
     * drives a device here, so there is none, and the test writes to the node.
     */
    TestQemu startInIoThread() throws IOException, QmpException {
        threaded = true;
        start();
        ObjectNode move = QmpClient.arguments().put("node-name", "disk0").put("iothread", "thread0");
        hands().execute("x-blockdev-set-iothread", move);
        return this;
    }

    /** Starts, and waits for a VM to come. */
    TestQemu startIncoming() throws IOException, QmpException {
        incoming = true;
        return start();
    }

    /** Sends its VM to another one that waits for it. */
    void migrateTo(TestQemu other) throws QmpException {
        beginToMigrate(other);
        endMigration(other);
    }

    /** Begins to send its VM to another one that waits for it, so slowly that it does not end. */
    void beginToMigrate(TestQemu other) throws QmpException {
        bandwidth(4 << 10);
        migrate(other.folder.resolve("migration"));
        awaitMigration("active");
    }

    /** Ends what was begun. */
    void endMigration(TestQemu other) throws QmpException {
        bandwidth(1 << 30);
        awaitMigration("completed");
        long deadline = System.nanoTime() + SOON.toNanos();
        while (other.hands().execute("query-status").path("status").asText().equals("inmigrate")) {
            assertTrue(System.nanoTime() < deadline, "the VM does not arrive");
            pause();
        }
    }

    /** Sends its VM to where nobody is. */
    void failToMigrate() throws QmpException {
        migrate(folder.resolve("nobody"));
        awaitMigration("failed");
    }

    private void bandwidth(long bytesPerSecond) throws QmpException {
        hands().execute("migrate-set-parameters", QmpClient.arguments().put("max-bandwidth", bytesPerSecond));
    }

    private void migrate(Path to) throws QmpException {
        hands().execute("migrate", QmpClient.arguments().put("uri", "unix:" + to));
    }

    private void awaitMigration(String status) throws QmpException {
        long deadline = System.nanoTime() + SOON.toNanos();
        String now = "";
        while (!now.equals(status)) {
            String last = now;
            assertTrue(System.nanoTime() < deadline, () -> "the migration is " + last + " and not " + status);
            pause();
            now = hands().execute("query-migrate").path("status").asText();
        }
    }

    synchronized LiveDisk find() throws PlatformException {
        try {
            if (monitor.isEmpty() || !monitor.get().isOpen()) {
                monitor = Optional.of(QmpClient.open(
                        QmpAddress.unix(folder.resolve("one")), Duration.ofSeconds(5), QmpListener.NONE));
            }
            JsonNode disk = threaded
                    ? node("disk0")
                    : monitor.get().execute("query-block").path(0).path("inserted");
            return new LiveDisk(
                    monitor.get(),
                    disk.path("node-name").asText(),
                    DEVICE,
                    disk.at("/image/virtual-size").asLong(),
                    format.equals("qcow2"),
                    UnixDomainSocketAddress.of(folder.resolve("reader")));
        } catch (QmpException e) {
            throw new PlatformException("no QEMU: " + e.getMessage(), e);
        }
    }

    private JsonNode node(String name) throws QmpException {
        for (JsonNode node : monitor.orElseThrow().execute("query-named-block-nodes")) {
            if (node.path("node-name").asText().equals(name)) {
                return node;
            }
        }
        throw new AssertionError("no node " + name);
    }

    /** Writes through the device; returns once the device has its answer. */
    void write(int pattern, long offset, long length) throws QmpException {
        String said = hands().execute(
                        "human-monitor-command",
                        QmpClient.arguments()
                                .put(
                                        "command-line",
                                        "qemu-io " + (threaded ? "disk0" : "-d " + DEVICE) + " \"write -P " + pattern
                                                + " " + offset + " " + length + "\""),
                        SOON)
                .asText();
        // what it did goes to the standard output of QEMU; what went wrong is the answer
        assertTrue(said.isBlank(), said);
    }

    /** Names of the bitmaps, nodes, jobs and exports that are ours. */
    List<String> traces() throws QmpException {
        List<String> traces = new ArrayList<>();
        for (JsonNode node : hands().execute("query-named-block-nodes")) {
            traces.add(node.path("node-name").asText());
            node.path("dirty-bitmaps")
                    .forEach(bitmap -> traces.add(bitmap.path("name").asText()));
        }
        hands().execute("query-block-jobs")
                .forEach(job -> traces.add(job.path("device").asText()));
        hands().execute("query-block-exports")
                .forEach(export -> traces.add(export.path("id").asText()));
        traces.removeIf(name -> !name.startsWith("vrg-"));
        return traces;
    }

    /** Exports the disk, as somebody else would. */
    void exportElsewhere() throws QmpException, PlatformException {
        ObjectNode export = QmpClient.arguments().put("type", "nbd").put("id", "another");
        hands().execute("block-export-add", export.put("node-name", find().node()));
    }

    /** Starts the NBD server where the capture would, unless it runs. */
    void startServer() throws QmpException {
        try {
            startServer("reader");
        } catch (QmpException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("already running"), e.getMessage());
        }
    }

    /** Starts the NBD server, as a backup would. */
    void startServerElsewhere() throws QmpException {
        startServer("backup");
    }

    private void startServer(String socket) throws QmpException {
        ObjectNode address = QmpClient.arguments().put("type", "unix");
        address.putObject("data").put("path", folder.resolve(socket).toString());
        ObjectNode arguments = QmpClient.arguments();
        arguments.set("addr", address);
        hands().execute("nbd-server-start", arguments);
    }

    /** Stops the NBD server; false if none runs. */
    boolean stopServer() throws QmpException {
        try {
            hands().execute("nbd-server-stop");
            return true;
        } catch (QmpException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("not running"), e.getMessage());
            return false;
        }
    }

    @Override
    public void close() {
        try {
            kill();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
