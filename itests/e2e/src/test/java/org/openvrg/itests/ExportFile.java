package org.openvrg.itests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A volume's NBD export as a file of this machine, by {@code qemu-storage-daemon} and FUSE, so that it can be mounted.
 * QEMU can record on the way what is written: that record knows nothing of the gateway. One thread.
 */
final class ExportFile implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final Path file;
    private final Path output;
    private final Process daemon;
    private final Thread atExit;
    private boolean running = true;

    /**
     * Opens an export.
     *
     * @param folder where the files go, one folder for each export
     * @param log where QEMU records, if it shall
     */
    ExportFile(Pair pair, String volume, Path folder, Optional<Path> log) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        file = Files.createFile(folder.resolve("disk"));
        output = folder.resolve("qemu.log");
        List<String> command = new ArrayList<>(List.of(
                "qemu-storage-daemon",
                "--blockdev",
                "driver=nbd,node-name=nbd,discard=unmap,server.type=inet,server.host=127.0.0.1,server.port="
                        + pair.nbdAddress().getPort() + ",export=" + volume));
        if (log.isPresent()) {
            Files.createFile(log.get());
            command.addAll(List.of(
                    "--blockdev",
                    "driver=file,node-name=log,filename=" + log.get(),
                    "--blockdev",
                    "driver=blklogwrites,node-name=logged,discard=unmap,file=nbd,log=log"));
        }
        command.addAll(List.of(
                "--export",
                "type=fuse,id=export,writable=on,node-name=" + (log.isPresent() ? "logged" : "nbd") + ",mountpoint="
                        + file));
        daemon = Tools.start(output, command);
        atExit = new Thread(this::kill);
        Runtime.getRuntime().addShutdownHook(atExit);
        Await.until(LIMIT, () -> "the export as a file: " + said(), () -> {
            if (!daemon.isAlive()) {
                throw new AssertionError("qemu-storage-daemon ended: " + said());
            }
            return Files.size(file) > 0;
        });
    }

    /** The file. */
    Path file() {
        return file;
    }

    private String said() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Ends it in order; the record is complete then. */
    void stop() throws InterruptedException {
        daemon.destroy();
        if (!daemon.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("qemu-storage-daemon did not end within " + LIMIT + ": " + said());
        }
        kill();
    }

    @Override
    public void close() {
        kill();
    }

    /** kill -9. */
    void kill() {
        if (running) {
            running = false;
            boolean ended = !daemon.isAlive();
            daemon.destroyForcibly().onExit().join();
            if (!ended) {
                LoopMount.leave(file); // a killed one leaves its mount behind
            }
            if (Thread.currentThread() != atExit) {
                Runtime.getRuntime().removeShutdownHook(atExit);
            }
        }
    }
}
