package org.openvrg.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A file system of this machine's kernel on an image file, by a loop device. Mounting replays its log, as a guest that
 * boots from the image would. Needs root, and a kernel with the file system. One thread.
 */
final class LoopMount implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Duration RELEASE = Duration.ofMinutes(5);

    private final Path image;
    private final Path folder;
    private final Thread atExit;
    private boolean mounted = true;

    /**
     * Mounts an image.
     *
     * @param folder an empty one
     * @param type for example ext4
     * @param options beside {@code loop}
     */
    LoopMount(Path image, Path folder, String type, String options) throws IOException, InterruptedException {
        this.image = image;
        this.folder = folder;
        Files.createDirectories(folder);
        Tools.succeed(
                LIMIT, List.of("mount", "-t", type, "-o", "loop," + options, image.toString(), folder.toString()));
        atExit = new Thread(() -> leave(folder));
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** Fails with what is missing unless this machine can mount images with those file systems. */
    static void require(String... types) throws IOException, InterruptedException {
        String user = Tools.succeed(LIMIT, List.of("id", "-u")).strip();
        if (!user.equals("0") || !Files.exists(Path.of("/dev/loop-control")) || !Files.exists(Path.of("/dev/fuse"))) {
            throw new AssertionError("this test mounts images: run it as root, with /dev/loop-control and /dev/fuse");
        }
        for (String type : types) {
            if (!known(type)) {
                Tools.run(LIMIT, List.of("modprobe", type));
            }
            if (!known(type)) {
                throw new AssertionError("this test mounts " + type + ", which the kernel of this machine lacks");
            }
        }
    }

    private static boolean known(String type) throws IOException {
        return Files.readString(Path.of("/proc/filesystems")).contains("\t" + type + "\n");
    }

    /** Where it is mounted. */
    Path folder() {
        return folder;
    }

    /**
     * Unmounts; what was written stands in the image.
     *
     * <p>Two things of others may hold it for a moment: a tool that another thread starts has the open files of this
     * process until it runs, and a mount namespace that was made meanwhile has a copy of the mount. The file system is
     * only then at rest when the loop device is gone.
     */
    void unmount() {
        Await.until(
                RELEASE,
                () -> "unmounted: " + folder,
                () -> Tools.run(LIMIT, List.of("umount", folder.toString())).code() == 0);
        Await.until(
                RELEASE,
                () -> "no loop device on " + image + ", which another mount namespace may hold",
                () -> Tools.succeed(LIMIT, List.of("losetup", "-j", image.toString()))
                        .isBlank());
        mounted = false;
        Runtime.getRuntime().removeShutdownHook(atExit);
    }

    /** Unmounts what may be broken or in use. */
    @Override
    public void close() {
        if (mounted) {
            mounted = false;
            leave(folder);
            Runtime.getRuntime().removeShutdownHook(atExit);
        }
    }

    /** Takes a mount out of the tree; the kernel lets go of it with its last user. */
    static void leave(Path folder) {
        try {
            Tools.run(LIMIT, List.of("umount", "-l", folder.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
