package org.openvrg.network.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Real processes. They get an environment of their own, so that neither language nor search path of whoever started the
 * appliance matters. Limits: {@link #LIMIT_SECONDS}, {@link #MAX_OUTPUT_BYTES}. Thread-safe.
 */
final class ProcessRunner implements CommandRunner {
    /** Longest run. */
    static final int LIMIT_SECONDS = 10;

    /** Longest output that is taken. */
    static final int MAX_OUTPUT_BYTES = 1024 * 1024;

    private static final int MAX_ERROR_CHARS = 500;

    @Override
    public String run(List<String> command) throws IOException {
        Path output = Files.createTempFile("vrg-command", ".out");
        Path errors = Files.createTempFile("vrg-command", ".err");
        try {
            int code = exitCode(command, output, errors);
            if (code != 0) {
                String said = read(errors).strip();
                throw new IOException(String.join(" ", command) + " ended with " + code + ": "
                        + said.substring(0, Math.min(said.length(), MAX_ERROR_CHARS)));
            }
            return read(output);
        } finally {
            Files.deleteIfExists(output);
            Files.deleteIfExists(errors);
        }
    }

    private static int exitCode(List<String> command, Path output, Path errors) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(output.toFile()).redirectError(errors.toFile());
        builder.environment().clear();
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            if (process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                return process.exitValue();
            }
            throw new IOException(String.join(" ", command) + " did not end within " + LIMIT_SECONDS + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(String.join(" ", command) + " was interrupted");
        } finally {
            process.destroyForcibly();
        }
    }

    private static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_OUTPUT_BYTES + 1);
            if (bytes.length > MAX_OUTPUT_BYTES) {
                throw new IOException("a command wrote more than " + MAX_OUTPUT_BYTES + " bytes");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }
}
