package org.openvrg.itests.kvm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.openvrg.itests.Await;
import org.openvrg.itests.Tools;

/**
 * A libvirtd of the test's own, as the host's would run: as root, with a QEMU of its own for each domain. All its files
 * are in a folder, by mounts that nobody else sees, and all its processes are in a process namespace that ends with it:
 * a libvirt that the machine has is not touched, and it sees no bus of the machine.
 */
final class Libvirt implements AutoCloseable {
    private static final Duration SOON = Duration.ofMinutes(2);

    /**
     * The first process of the namespace: the parent of the QEMUs that libvirtd leaves to themselves, so it stays and
     * waits for them. Starts libvirtd again when it was killed.
     */
    private static final String INIT =
            """
            set -e
            mount -t tmpfs -o mode=755 none /run
            mkdir /run/libvirt /run/lock
            mount --bind "$1/etc" /etc/libvirt
            mount --bind "$1/lib" /var/lib/libvirt
            mount --bind "$1/cache" /var/cache/libvirt
            mount --bind "$1/log" /var/log/libvirt
            PATH=$PATH:/usr/sbin:/sbin
            hostname "$3"
            until libvirtd --config "$1/etc/libvirtd.conf" $2; do
                [ $? -gt 128 ]
            done
            """;

    private static final String QEMU_CONF =
            """
            user = "root"
            group = "root"
            security_driver = "none"
            namespaces = []
            cgroup_controllers = []
            dynamic_ownership = 0
            stdio_handler = "file"
            """;

    private static final String DOMAIN =
            """
            <domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
              <name>@NAME@</name>
              <uuid>@UUID@</uuid>
              <memory unit='MiB'>384</memory>
              <vcpu>1</vcpu>
              <os>
                <type arch='x86_64' machine='pc'>hvm</type>
                <kernel>@KERNEL@</kernel>
                <initrd>@INITRD@</initrd>
                <cmdline>console=ttyS0 quiet panic=-1 no_timer_check</cmdline>
              </os>
              <features><acpi/></features>
              <cpu mode='maximum'/>
              <devices>
                <controller type='usb' model='none'/>
                <memballoon model='none'/>
                <serial type='unix'><source mode='bind' path='@CONSOLE@'/></serial>
            @DISKS@  </devices>
            @MONITORS@</domain>
            """;

    private static final String MONITORS =
            """
              <qemu:commandline>
                <qemu:arg value='-qmp'/>
                <qemu:arg value='unix:@QMP@,server=on,wait=off'/>
                <qemu:arg value='-qmp'/>
                <qemu:arg value='unix:@GUARD@,server=on,wait=off'/>
              </qemu:commandline>
            """;

    /** One that has no guest, and a name that would be something else in a shell, in XML, in JSON, or as a path. */
    private static final String NEIGHBOUR =
            """
            <domain type='qemu'>
              <name>'"; touch -- ..$(id)`id`&amp;&lt;!DOCTYPE x&gt;{"execute":"quit"}%s\\"</name>
              <uuid>@UUID@</uuid>
              <memory unit='MiB'>16</memory>
              <os><type arch='x86_64' machine='pc'>hvm</type></os>
              <devices><controller type='usb' model='none'/><memballoon model='none'/></devices>
            </domain>
            """;

    private static final String DISK =
            """
                <disk type='file' device='disk'>
                  <driver name='qemu' type='@FORMAT@'/>
                  <source file='@IMAGE@'/>
                  <target dev='vd@LETTER@' bus='virtio'/>
                  <serial>@VOLUME@</serial>
                </disk>
            """;

    private final Path folder;
    private final Path sockets;
    private final Process process;

    /**
     * Starts it, and waits until it knows which QEMU there is.
     *
     * @param folder for its files
     * @param sockets for its socket: the paths of sockets have few bytes
     */
    Libvirt(Path folder, Path sockets) throws IOException {
        this(folder, sockets, "");
    }

    /** The same, listening with TLS too, with these lines for {@code libvirtd.conf}. */
    Libvirt(Path folder, Path sockets, String tls) throws IOException {
        this.folder = folder;
        this.sockets = sockets;
        // migration is refused between daemons that seem to be on one host
        UUID host = UUID.randomUUID();
        for (String part : List.of("etc", "lib/images", "lib/boot", "cache", "log")) {
            Files.createDirectories(folder.resolve(part));
        }
        Files.writeString(folder.resolve("etc/qemu.conf"), QEMU_CONF);
        Files.writeString(
                folder.resolve("etc/libvirtd.conf"),
                "unix_sock_dir = \"" + sockets + "\"\nauth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\nhost_uuid = \""
                        + host + "\"\n" + tls);
        List<String> command = new ArrayList<>(List.of("unshare", "--mount", "--uts", "--propagation", "private"));
        command.addAll(List.of("--pid", "--fork", "--kill-child=KILL", "--mount-proc"));
        command.addAll(List.of("sh", "-c", INIT, "libvirt", folder.toString(), tls.isEmpty() ? "" : "--listen"));
        command.add("host-" + host);
        process = Tools.start(folder.resolve("libvirtd.log"), command);
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        awaitReady();
    }

    private void awaitReady() {
        Await.until(SOON, this::describe, () -> {
            if (!process.isAlive()) {
                throw new AssertionError("it ended; it has to be root: " + describe());
            }
            return run("version").code() == 0;
        });
    }

    /** Its connection URI. */
    String uri() {
        return "qemu+unix:///system?socket=" + sockets.resolve("libvirt-sock");
    }

    private Tools.Result run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("virsh", "--connect", uri()));
        command.addAll(List.of(arguments));
        return Tools.run(SOON, command);
    }

    /** A command of virsh that has to succeed; what it printed. */
    String virsh(String... arguments) throws IOException, InterruptedException {
        Tools.Result result = run(arguments);
        if (result.code() != 0) {
            throw new AssertionError(String.join(" ", arguments) + ": " + result.output() + describe());
        }
        return result.output().strip();
    }

    /** A command of virsh that has to be refused; what it printed. */
    String refused(String... arguments) throws IOException, InterruptedException {
        Tools.Result result = run(arguments);
        if (result.code() == 0) {
            throw new AssertionError(String.join(" ", arguments) + " was not refused: " + result.output());
        }
        return result.output().strip();
    }

    /** Makes a domain of a guest, with the two monitors that the platform wants of one of its own. */
    void defineWithMonitors(Guest guest) throws IOException, InterruptedException {
        define(
                guest,
                MONITORS.replace("@QMP@", guest.socket("qmp").toString())
                        .replace("@GUARD@", guest.socket("guard").toString()));
    }

    /** Makes a domain of a guest, as anybody would. */
    void define(Guest guest) throws IOException, InterruptedException {
        define(guest, "");
    }

    /** Starts another domain, which nobody protects, paused for ever; its UUID. */
    String startNeighbour() throws IOException, InterruptedException {
        String uuid = UUID.randomUUID().toString();
        Path file = folder.resolve("neighbour.xml");
        Files.writeString(file, NEIGHBOUR.replace("@UUID@", uuid));
        virsh("create", file.toString(), "--paused");
        return uuid;
    }

    private void define(Guest guest, String monitors) throws IOException, InterruptedException {
        StringBuilder disks = new StringBuilder();
        for (Guest.Disk disk : guest.disks()) {
            char letter = (char) ('a' + guest.disks().indexOf(disk));
            disks.append(DISK.replace("@FORMAT@", disk.format())
                    .replace("@IMAGE@", disk.image().toString())
                    .replace("@LETTER@", String.valueOf(letter))
                    .replace("@VOLUME@", disk.volume()));
        }
        GuestSystem system = GuestSystem.get();
        String domain = DOMAIN.replace("@NAME@", guest.name())
                .replace("@UUID@", guest.uuid())
                .replace("@KERNEL@", system.kernel().toString())
                .replace("@INITRD@", system.initrd().toString())
                .replace("@CONSOLE@", guest.socket("console").toString())
                .replace("@DISKS@", disks)
                .replace("@MONITORS@", monitors);
        Path file = folder.resolve(guest.name() + ".xml");
        Files.writeString(file, domain);
        virsh("define", file.toString());
    }

    /** Starts the domain, and waits for its shell. */
    void boot(Guest guest) throws IOException, InterruptedException {
        virsh("start", guest.name(), "--paused");
        guest.attach(() -> virsh("resume", guest.name()));
    }

    /** Has a running guest go on at another daemon, and waits until it does; its console is a new socket. */
    void migrate(Guest guest, Libvirt to, int port) throws IOException, InterruptedException {
        String console = guest.socket("console").toString();
        String next = guest.socket("next").toString();
        Path file = to.folder.resolve(guest.name() + ".xml");
        Files.writeString(file, virsh("dumpxml", "--migratable", guest.name()).replace(console, next));
        List<String> command = new ArrayList<>(List.of("migrate", "--live", "--unsafe", "--persistent"));
        command.addAll(List.of("--domain", guest.name(), "--desturi", to.uri(), "--xml", file.toString()));
        command.addAll(List.of("--persistent-xml", file.toString(), "--listen-address", "127.0.0.1"));
        command.addAll(List.of("--migrateuri", "tcp://127.0.0.1:" + port));
        virsh(command.toArray(new String[0]));
        Files.move(guest.socket("next"), guest.socket("console"), StandardCopyOption.REPLACE_EXISTING);
        guest.reattach();
    }

    /** Kills libvirtd, and waits for the next one, which finds the domains running. */
    void restart() {
        Optional<ProcessHandle> daemon = daemon();
        daemon.orElseThrow(() -> new AssertionError("no libvirtd: " + describe()))
                .destroyForcibly();
        Await.until(SOON, this::describe, () -> daemon().isPresent() && !daemon().equals(daemon));
        awaitReady();
    }

    /** SIGSTOP: libvirtd lives, holds its connections, and does nothing. */
    void pause() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** SIGCONT: ends {@link #pause}. */
    void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        Tools.succeed(
                SOON,
                List.of("kill", "-" + name, Long.toString(daemon().orElseThrow().pid())));
    }

    private Optional<ProcessHandle> daemon() {
        return process.descendants()
                .filter(child -> child.info().command().orElse("").endsWith("/libvirtd"))
                .findFirst();
    }

    /** What it wrote, for failures. */
    private String describe() {
        Path log = folder.resolve("libvirtd.log");
        try {
            return "libvirtd\n" + Files.readString(log);
        } catch (IOException e) {
            return log + " can't be read: " + e.getMessage();
        }
    }

    @Override
    public void close() {
        // all processes of the namespace end with the first one
        List<ProcessHandle> all = process.descendants().toList();
        process.destroyForcibly().onExit().join();
        Await.until(SOON, () -> "a process of libvirt does not end", () -> all.stream()
                .noneMatch(ProcessHandle::isAlive));
    }
}
