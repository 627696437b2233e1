package org.openvrg.platform.xen;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.openvrg.api.failure.PlatformException;

/** Runs commands in a host's dom0. Any thread may call. */
final class Dom0 {
    /** What the largest host tells is a tenth of it. */
    private static final int MAX_OUTPUT_BYTES = 8 << 20;

    private static final int MAX_ERROR_BYTES = 400;
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9@%_+=:,./-]+");

    private final String host;
    private final List<String> prefix;
    private final Duration limit;

    Dom0(String host, List<String> prefix, Duration limit) {
        this.host = host;
        this.prefix = List.copyOf(prefix);
        this.limit = limit;
    }

    /**
     * Runs a command that has to succeed.
     *
     * @param words none of which a shell would change, since a remote one passes a shell
     * @return its lines
     */
    List<String> run(String... words) throws PlatformException {
        for (String word : words) {
            if (!PLAIN.matcher(word).matches()) {
                throw new IllegalArgumentException("a shell would change " + word);
            }
        }
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(words));
        Process process = start(command, words[0]);
        try {
            process.getOutputStream().close();
            CompletableFuture<byte[]> error = CompletableFuture.supplyAsync(() -> read(process.getErrorStream()));
            CompletableFuture<byte[]> output = CompletableFuture.supplyAsync(() -> read(process.getInputStream()));
            byte[] told = output.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (told.length > MAX_OUTPUT_BYTES || !process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new PlatformException(words[0] + " on the Xen host " + host + " has no end");
            }
            if (process.exitValue() != 0) {
                String reason = new String(error.get(limit.toMillis(), TimeUnit.MILLISECONDS), StandardCharsets.UTF_8);
                throw new PlatformException(words[0] + " on the Xen host " + host + " ended with code "
                        + process.exitValue() + ": " + firstLine(reason));
            }
            return new String(told, StandardCharsets.UTF_8).lines().toList();
        } catch (TimeoutException e) {
            throw new PlatformException(
                    words[0] + " on the Xen host " + host + " did not end within " + limit.toMillis() + " ms", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformException(words[0] + " on the Xen host " + host + " was interrupted", e);
        } catch (IOException | ExecutionException e) {
            throw new PlatformException(words[0] + " on the Xen host " + host + " can't be read", e);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private Process start(List<String> command, String what) throws PlatformException {
        try {
            return new ProcessBuilder(command).start();
        } catch (IOException e) {
            throw new PlatformException(
                    what + " can't be run on the Xen host " + host + ": there is no program " + command.get(0), e);
        }
    }

    /** One byte more than allowed at most. */
    private static byte[] read(InputStream stream) {
        try (stream) {
            return stream.readNBytes(MAX_OUTPUT_BYTES + 1);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String firstLine(String text) {
        String line = text.strip().lines().findFirst().orElse("no reason given");
        return line.length() > MAX_ERROR_BYTES ? line.substring(0, MAX_ERROR_BYTES) : line;
    }
}
