package org.openvrg.itests.xen;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openvrg.itests.Await;
import org.openvrg.itests.Ports;
import org.openvrg.itests.Tools;

/**
 * A Xen host: Debian's hypervisor and a dom0 in a QEMU without KVM. Its dom0 is reached by ssh, and reaches this machine's
 * loopback at {@link #GATEWAY}. Any thread may call.
 */
final class NestedXen implements AutoCloseable {
    /** What dom0 calls this machine's loopback. */
    static final String GATEWAY = "10.0.2.2";

    private static final Duration IMAGE = Duration.ofMinutes(10);
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Duration COMMAND = Duration.ofMinutes(3);
    private static final String LOOPBACK = "127.0.0.1";
    private static final int DOM0_MIB = 768;
    private static final int MACHINE_MIB = 1536;

    private static NestedXen shared;

    private final Path folder;
    private final Path images;
    private final int sshPort;
    private final Process machine;

    /**
     * Makes the images where they are missing, and boots.
     *
     * @param folder of this host, made where it is missing
     */
    NestedXen(Path folder) throws IOException, InterruptedException {
        this.folder = Files.createDirectories(folder);
        this.images = images();
        sshPort = Ports.free(1)[0];
        machine = Tools.start(folder.resolve("qemu.log"), qemu());
        Runtime.getRuntime().addShutdownHook(new Thread(machine::destroyForcibly));
        Await.until(BOOT, () -> "dom0 is up: " + console(), () -> {
            if (!machine.isAlive()) {
                throw new IOException(Files.readString(folder.resolve("qemu.log")));
            }
            return console().contains("dom0 is up") && ssh("true").code() == 0;
        });
    }

    /** One that is started at its first use and runs until the tests end; each test makes guests of its own. */
    static synchronized NestedXen shared() throws IOException, InterruptedException {
        if (shared == null) {
            shared = new NestedXen(Path.of(System.getProperty("vrg.work"), "xen-" + UUID.randomUUID())
                    .toAbsolutePath());
        }
        return shared;
    }

    /** The images are the same for all hosts of a build and take some seconds to make. */
    private static synchronized Path images() throws IOException, InterruptedException {
        Path made = Path.of(System.getProperty("vrg.work"), "nested-xen").toAbsolutePath();
        if (!Files.exists(made.resolve("dom0.img"))) {
            Files.createDirectories(made);
            Tools.succeed(IMAGE, List.of("bash", resource("image.sh").toString(), made.toString()));
        }
        return made;
    }

    private static Path resource(String name) throws IOException {
        try {
            return Path.of(NestedXen.class.getResource("/xen/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }

    private List<String> qemu() {
        return List.of(
                "qemu-system-x86_64",
                "-accel",
                "tcg,thread=multi",
                "-cpu",
                "qemu64,+pdpe1gb",
                "-m",
                Integer.toString(MACHINE_MIB),
                "-smp",
                "2",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-no-reboot",
                "-serial",
                "file:" + folder.resolve("console.log"),
                "-netdev",
                "user,id=net,hostfwd=tcp:" + LOOPBACK + ":" + sshPort + "-:22",
                "-device",
                "e1000,netdev=net",
                "-kernel",
                images.resolve("xen.elf").toString(),
                "-append",
                "console=com1 dom0_max_vcpus=1 dom0_mem=" + DOM0_MIB + "M,max:" + DOM0_MIB + "M",
                "-initrd",
                images.resolve("vmlinuz") + " console=hvc0 quiet," + images.resolve("dom0.img"));
    }

    /** Words before a command that let it run in dom0. */
    List<String> prefix() {
        return List.of(
                "ssh",
                "-q",
                "-i",
                images.resolve("key").toString(),
                "-p",
                Integer.toString(sshPort),
                "-o",
                "BatchMode=yes",
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
                "root@" + LOOPBACK);
    }

    /** Runs a line of dom0's shell, which has to succeed; returns its output. */
    String run(String line) throws IOException, InterruptedException {
        Tools.Result result = ssh(line);
        if (result.code() != 0) {
            throw new AssertionError(
                    line + " ended in dom0 with " + result.code() + ": " + result.output() + console());
        }
        return result.output();
    }

    private Tools.Result ssh(String line) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(prefix());
        command.add(". /etc/profile; " + line);
        return Tools.run(COMMAND, command);
    }

    /** Makes a port of this machine's loopback one of dom0's. */
    void relay(int port) throws IOException, InterruptedException {
        run("socat TCP-LISTEN:" + port + ",bind=" + LOOPBACK + ",reuseaddr,fork TCP:" + GATEWAY + ":" + port
                + " </dev/null >/dev/null 2>&1 &");
    }

    /** What is in a file of dom0. */
    byte[] read(String file) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(prefix());
        command.add("cat " + file);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (InputStream in = process.getInputStream()) {
            byte[] content = in.readAllBytes();
            if (!process.waitFor(COMMAND.toMillis(), TimeUnit.MILLISECONDS) || process.exitValue() != 0) {
                throw new IOException(file + " can't be read in dom0");
            }
            return content;
        }
    }

    /** What hypervisor and dom0 told on the console. */
    String console() {
        try {
            return new String(Files.readAllBytes(folder.resolve("console.log")), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Override
    public void close() {
        machine.destroyForcibly().onExit().join();
    }
}
