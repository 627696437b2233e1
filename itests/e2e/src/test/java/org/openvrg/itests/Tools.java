package org.openvrg.itests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs the tools that the tests take as oracles. One that is missing is a failure that names its package. */
public final class Tools {
    /** Packages of the tools that are not called like their package. */
    private static final Map<String, String> PACKAGES = Map.ofEntries(
            Map.entry("nbdcopy", "libnbd-bin"),
            Map.entry("nbdinfo", "libnbd-bin"),
            Map.entry("nbdfuse", "libnbd-bin"),
            Map.entry("fsfreeze", "util-linux"),
            Map.entry("qemu-img", "qemu-utils"),
            Map.entry("qemu-io", "qemu-utils"),
            Map.entry("qemu-storage-daemon", "qemu-system-common"),
            Map.entry("qemu-system-x86_64", "qemu-system-x86"),
            Map.entry("ssh", "openssh-client"),
            Map.entry("mke2fs", "e2fsprogs"),
            Map.entry("e2fsck", "e2fsprogs"),
            Map.entry("mkfs.xfs", "xfsprogs"),
            Map.entry("xfs_repair", "xfsprogs"),
            Map.entry("umount", "mount"),
            Map.entry("losetup", "mount"),
            Map.entry("modprobe", "kmod"),
            Map.entry("runuser", "util-linux"),
            Map.entry("/usr/bin/python3", "python3"),
            Map.entry("ip", "iproute2"));

    private static final Duration OPENSSL = Duration.ofMinutes(1);

    private Tools() {}

    /**
     * What became of a run.
     *
     * @param code exit code
     * @param output standard output and error together
     */
    public record Result(int code, String output) {}

    /** Runs OpenSSL, which has to succeed; returns what it says. */
    public static String openssl(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(arguments);
        return succeed(OPENSSL, command);
    }

    /** Runs a tool to its end; any exit code is an answer. */
    public static Result run(Duration limit, List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("vrg-tool", ".log");
        try {
            Process process = start(output, command);
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                throw new AssertionError(command + " did not end within " + limit + ": " + text(output));
            }
            return new Result(process.exitValue(), text(output));
        } finally {
            Files.delete(output);
        }
    }

    /** Runs a tool that has to succeed; returns what it wrote. */
    public static String succeed(Duration limit, List<String> command) throws IOException, InterruptedException {
        Result result = run(limit, command);
        if (result.code() != 0) {
            throw new AssertionError(command + " ended with " + result.code() + ": " + result.output());
        }
        return result.output();
    }

    /** Starts a tool in the background, its output going to a file. */
    public static Process start(Path output, List<String> command) throws IOException {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            String tool = command.get(0);
            throw new IOException(
                    tool + " can't be started; install it: apt-get install " + PACKAGES.getOrDefault(tool, tool), e);
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
