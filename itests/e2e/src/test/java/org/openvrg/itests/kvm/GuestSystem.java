package org.openvrg.itests.kvm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.openvrg.itests.Tools;

/**
 * What guests boot from: Debian's cloud kernel, an initial RAM disk with busybox and the tools of ext4, and a disk with
 * fio. Made once under the build's target folder.
 */
final class GuestSystem {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final String META_PACKAGE = "linux-image-cloud-amd64";
    /** In the order in which they have to be loaded. */
    private static final List<String> MODULES = List.of(
            "virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk");

    private static final String INIT =
            """
            #!/bin/busybox sh
            export PATH=/bin:/sbin
            /bin/busybox mkdir -p /proc /sys /dev /mnt /tools /tmp /sbin
            /bin/busybox --install -s /bin
            mount -t proc proc /proc
            mount -t sysfs sysfs /sys
            mount -t devtmpfs devtmpfs /dev
            for module in MODULES; do insmod /modules/$module.ko; done
            exec </dev/ttyS0 >/dev/ttyS0 2>&1
            stty -echo
            echo
            echo "[vrg-ready]"
            # no interactive shell: nothing to edit, no jobs to control, and never an end
            while true; do
                while read -r line; do eval "$line" </dev/null; status=$?; done
            done
            """;

    private final Path kernel;
    private final Path initrd;
    private final Path tools;

    private static GuestSystem made;

    private GuestSystem(Path kernel, Path initrd, Path tools) {
        this.kernel = kernel;
        this.initrd = initrd;
        this.tools = tools;
    }

    Path kernel() {
        return kernel;
    }

    Path initrd() {
        return initrd;
    }

    /** An ext4 image with fio and its libraries. */
    Path tools() {
        return tools;
    }

    /** Makes it where it is not there yet. */
    static synchronized GuestSystem get() throws IOException, InterruptedException {
        if (made == null) {
            Path folder = Path.of(System.getProperty("vrg.work")).resolveSibling("guest-system");
            Path complete = folder.resolve("complete");
            if (!Files.exists(complete)) {
                Files.createDirectories(folder);
                make(folder);
                Files.writeString(complete, "");
            }
            made = new GuestSystem(folder.resolve("vmlinuz"), folder.resolve("initrd"), folder.resolve("tools.ext4"));
        }
        return made;
    }

    private static void make(Path folder) throws IOException, InterruptedException {
        Path unpacked = Files.createDirectories(folder.resolve("kernel"));
        Tools.succeed(LONG, List.of("dpkg-deb", "-x", kernelPackage(folder).toString(), unpacked.toString()));
        Path root = Files.createDirectories(folder.resolve("root"));
        Path modules = Files.createDirectories(root.resolve("modules"));
        try (Stream<Path> files = Files.walk(unpacked)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.startsWith("vmlinuz-")) {
                    replace(file, folder.resolve("vmlinuz"));
                } else if (name.endsWith(".ko") && MODULES.contains(name.substring(0, name.length() - 3))) {
                    replace(file, modules.resolve(name));
                }
            }
        }
        Path init = root.resolve("init");
        Files.writeString(init, INIT.replace("MODULES", String.join(" ", MODULES)));
        Files.setPosixFilePermissions(init, PosixFilePermissions.fromString("rwxr-xr-x"));
        replace(which("busybox"), Files.createDirectories(root.resolve("bin")).resolve("busybox"));
        for (String tool : List.of("mke2fs", "e2fsck")) {
            // not in bin: the shell prefers its own applets of these names
            replace(which(tool), Files.createDirectories(root.resolve("e2fs")).resolve(tool));
            libraries(which(tool), path -> root.resolve(path.toString().substring(1)));
        }
        replace(
                Path.of("/etc/mke2fs.conf"),
                Files.createDirectories(root.resolve("etc")).resolve("mke2fs.conf"));
        shell(root, "find . -print0 | cpio --quiet -0 -o -H newc > ../initrd");

        Path fio = Files.createDirectories(folder.resolve("fio"));
        replace(which("fio"), fio.resolve("fio"));
        libraries(which("fio"), path -> fio.resolve("lib").resolve(path.getFileName()));
        Path image = folder.resolve("tools.ext4");
        Files.deleteIfExists(image);
        shell(folder, "truncate -s 160M tools.ext4 && mke2fs -q -t ext4 -O ^has_journal -d fio tools.ext4");
    }

    private static Path kernelPackage(Path folder) throws IOException, InterruptedException {
        Pattern depends = Pattern.compile("Depends: (linux-image-\\S+)");
        String answer =
                Tools.run(LONG, List.of("apt-cache", "depends", META_PACKAGE)).output();
        if (!depends.matcher(answer).find()) {
            Tools.succeed(LONG, List.of("apt-get", "-q", "update"));
            answer = Tools.succeed(LONG, List.of("apt-cache", "depends", META_PACKAGE));
        }
        Matcher found = depends.matcher(answer);
        if (!found.find()) {
            throw new AssertionError("no package of " + META_PACKAGE + " is known: " + answer);
        }
        String name = found.group(1);
        if (Tools.run(LONG, inFolder(folder, "apt-get -q download " + name)).code() != 0) {
            Tools.succeed(LONG, List.of("apt-get", "-q", "update"));
            Tools.succeed(LONG, inFolder(folder, "apt-get -q download " + name));
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> String.valueOf(file.getFileName()).startsWith(name + "_"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(name + " was not downloaded"));
        }
    }

    private static List<String> inFolder(Path folder, String command) {
        return List.of("sh", "-c", "cd '" + folder + "' && " + command);
    }

    private static void shell(Path folder, String command) throws IOException, InterruptedException {
        Tools.succeed(LONG, inFolder(folder, command));
    }

    private static Path which(String tool) throws IOException, InterruptedException {
        Tools.Result found = Tools.run(LONG, List.of("sh", "-c", "PATH=$PATH:/sbin:/usr/sbin command -v " + tool));
        if (found.code() != 0) {
            throw new AssertionError(tool + " is missing: apt-get install busybox-static cpio e2fsprogs fio");
        }
        return Path.of(found.output().strip());
    }

    /** Copies the shared libraries of a program, and the loader. */
    private static void libraries(Path program, UnaryOperator<Path> place) throws IOException, InterruptedException {
        String list = Tools.succeed(LONG, List.of("ldd", program.toString()));
        Matcher path = Pattern.compile("(/\\S+) \\(0x").matcher(list);
        while (path.find()) {
            Path library = Path.of(path.group(1));
            Path copy = place.apply(library);
            Files.createDirectories(copy.getParent());
            replace(library, copy);
        }
    }

    private static void replace(Path from, Path to) throws IOException, InterruptedException {
        Files.copy(from, to, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
