package org.openvrg.qemu.mirror;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** An NBD server on a file, which stands for the gateway's export: killed, stopped and started again. */
final class Target implements AutoCloseable {
    private final Path socket;
    private final Path file;
    private Optional<Process> process = Optional.empty();

    Target(Path folder, long sizeBytes) throws IOException {
        this.socket = folder.resolve("target");
        this.file = folder.resolve("target.raw");
        try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
            image.setLength(sizeBytes);
        }
    }

    Target start() throws IOException {
        Files.deleteIfExists(socket);
        try {
            process = Optional.of(new ProcessBuilder("nbdkit", "-f", "-U", socket.toString(), "file", file.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start());
        } catch (IOException e) {
            throw new AssertionError("nbdkit is missing: apt-get install nbdkit", e);
        }
        long deadline = System.nanoTime() + TestQemu.SOON.toNanos();
        while (!Files.exists(socket)) {
            assertTrue(System.nanoTime() < deadline, "nbdkit does not start");
            TestQemu.pause();
        }
        return this;
    }

    URI uri() {
        return URI.create("nbd+unix:///?socket=" + socket);
    }

    /** The byte at an offset. */
    int at(long offset) throws IOException {
        try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "r")) {
            image.seek(offset);
            return image.read();
        }
    }

    void signal(String name) throws IOException, InterruptedException {
        TestQemu.run("kill", "-" + name, String.valueOf(process.orElseThrow().pid()));
    }

    void kill() throws InterruptedException {
        process.orElseThrow().destroyForcibly();
        assertTrue(process.orElseThrow().waitFor(60, TimeUnit.SECONDS));
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
