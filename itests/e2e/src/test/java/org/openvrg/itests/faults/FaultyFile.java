package org.openvrg.itests.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openvrg.itests.Await;
import org.openvrg.itests.Tools;

/**
 * A file that can fail, stall or be slow: nbdkit with its filters {@code error} and {@code delay} serves the bytes, and
 * nbdfuse shows them under the name of the file itself, over which it is mounted. Not thread-safe.
 */
@SuppressWarnings("try") // a test that is interrupted while it closes fails, as it should
final class FaultyFile implements AutoCloseable {
    private static final Duration TOOL = Duration.ofSeconds(30);

    private final Path file;
    private final Path backing;
    private final Path failing;
    private final Process server;
    private final Process mount;

    private FaultyFile(Path file, Path backing, Path failing, Process server, Process mount) {
        this.file = file;
        this.backing = backing;
        this.failing = failing;
        this.server = server;
        this.mount = mount;
    }

    /**
     * Makes a file faulty; its content stays. It can be used as before once this returns.
     *
     * @param work folder for the file that holds the bytes from here on, and for logs
     * @param writeDelay how long each write takes longer, zero for none
     */
    static FaultyFile over(Path file, Path work, Duration writeDelay) throws IOException, InterruptedException {
        Files.createDirectories(work);
        Path backing = work.resolve(file.getFileName() + ".backing");
        Path failing = work.resolve(file.getFileName() + ".failing");
        Path socket = Files.createTempDirectory("vrg-faulty").resolve("socket"); // short: sockets have a limit
        long size = Files.size(file);
        Files.copy(file, backing, StandardCopyOption.REPLACE_EXISTING);
        List<String> command = new ArrayList<>(List.of(
                "nbdkit", "--foreground", "--unix", socket.toString(), "--filter=error", "--filter=delay", "file"));
        command.addAll(List.of(backing.toString(), "error=EIO", "error-rate=100%", "error-file=" + failing));
        command.add("wdelay=" + writeDelay.toMillis() + "ms");
        Process server = Tools.start(work.resolve("nbdkit.log"), command);
        Await.until(TOOL, () -> "nbdkit listens", () -> Files.exists(socket));
        Process mount = Tools.start(
                work.resolve("nbdfuse.log"), List.of("nbdfuse", file.toString(), "nbd+unix:///?socket=" + socket));
        FaultyFile made = new FaultyFile(file, backing, failing, server, mount);
        Await.until(
                TOOL,
                () -> "nbdfuse shows " + file + "; it needs /dev/fuse and root: " + text(work.resolve("nbdfuse.log")),
                () -> made.mounted() && Files.size(file) == size);
        return made;
    }

    private static String text(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private boolean mounted() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                .anyMatch(line -> line.split(" ")[1].equals(file.toString()));
    }

    /** From here on every access fails with EIO. */
    void fail() throws IOException {
        Files.createFile(failing);
    }

    /** Accesses succeed again. */
    void heal() throws IOException {
        Files.deleteIfExists(failing);
    }

    /** From here on no access ends. */
    void stall() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** Accesses end again. */
    void proceed() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        Tools.succeed(TOOL, List.of("kill", "-" + name, Long.toString(server.pid())));
    }

    /** Ends it; the file has its bytes of now, without faults. */
    @Override
    public void close() throws IOException, InterruptedException {
        end();
        Files.copy(backing, file, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Ends it; the file is as it was before. */
    void end() throws IOException, InterruptedException {
        heal();
        if (server.isAlive()) {
            proceed();
        }
        Tools.run(TOOL, List.of("umount", "--lazy", file.toString()));
        if (!mount.waitFor(TOOL.toSeconds(), TimeUnit.SECONDS)) {
            mount.destroyForcibly().waitFor();
        }
        server.destroy();
        if (!server.waitFor(TOOL.toSeconds(), TimeUnit.SECONDS)) {
            server.destroyForcibly().waitFor();
        }
    }
}
