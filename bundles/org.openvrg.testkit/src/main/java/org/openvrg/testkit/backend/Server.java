package org.openvrg.testkit.backend;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** One process of a back end, which ends with the tests at the latest. Not thread-safe. */
final class Server {
    private static final Duration TOOL = Duration.ofSeconds(60);
    private static final long POLL_NANOS = Duration.ofMillis(50).toNanos();

    private final Process process;
    private final Path log;

    private Server(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Starts one in the foreground; its output is added to a file. */
    static Server start(String packageName, Path log, List<String> command) throws IOException {
        Process started;
        try {
            started = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
        } catch (IOException e) {
            throw new IOException(command.get(0) + " can't be started; install it: apt-get install " + packageName, e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
        return new Server(started, log);
    }

    long pid() {
        return process.pid();
    }

    /** kill -9, and waits for its end. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    /** SIGTERM, and kill -9 if that does not help. */
    void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            kill();
        }
    }

    /** Waits until the condition holds; what the server said is in the failure. */
    void await(String what, Callable<Boolean> condition) throws IOException {
        long deadline = System.nanoTime() + TOOL.toNanos();
        while (true) {
            Exception last = null;
            try {
                if (condition.call()) {
                    return;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            } catch (Exception e) {
                last = e;
            }
            if (!process.isAlive() || System.nanoTime() - deadline > 0) {
                throw new IOException("not " + what + ": " + text(log), last);
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** Runs a tool that has to succeed; returns what it wrote. */
    static String tool(String packageName, List<String> command) throws IOException {
        Path output = Files.createTempFile("vrg-backend", ".log");
        try {
            Server tool = start(packageName, output, command);
            if (!tool.process.waitFor(TOOL.toSeconds(), TimeUnit.SECONDS)) {
                tool.kill();
                throw new IOException(command + " did not end: " + text(output));
            }
            if (tool.process.exitValue() != 0) {
                throw new IOException(command + " ended with " + tool.process.exitValue() + ": " + text(output));
            }
            return text(output);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } finally {
            Files.delete(output);
        }
    }

    /** A port of loopback that was free a moment ago. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
