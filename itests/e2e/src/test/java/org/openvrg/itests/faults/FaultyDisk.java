package org.openvrg.itests.faults;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.openvrg.itests.Tools;

/**
 * A file system of its own for a folder of an appliance, which can run full, stall, fail and stand still. Mounting needs
 * root. Not thread-safe.
 */
@SuppressWarnings("try") // a test that is interrupted while it closes fails, as it should
final class FaultyDisk implements AutoCloseable {
    private static final Duration TOOL = Duration.ofSeconds(60);
    private static final int CHUNK_BYTES = 256 * 1024;

    private interface Undo {
        void run() throws IOException, InterruptedException;
    }

    private final Path folder;
    private final Deque<Undo> undo = new ArrayDeque<>();

    private FaultyDisk(Path folder) {
        this.folder = folder;
    }

    /** A small file system in memory: it can run full. What the folder held is hidden. */
    static FaultyDisk small(Path folder, long sizeBytes) throws IOException, InterruptedException {
        FaultyDisk disk = new FaultyDisk(folder);
        Files.createDirectories(folder);
        mount(List.of("mount", "-t", "tmpfs", "-o", "size=" + sizeBytes, "vrg-test", folder.toString()));
        disk.undo.push(() -> unmount(folder));
        return disk;
    }

    /**
     * An ext4 file system on a {@link FaultyFile}. It has no journal of its own, and goes on after an error, so that it
     * is as good as new once the fault is over.
     */
    static FaultyDisk on(Path folder, Path image, long sizeBytes, FaultyFile[] device)
            throws IOException, InterruptedException {
        FaultyDisk disk = new FaultyDisk(folder);
        Files.createDirectories(folder);
        try (RandomAccessFile made = new RandomAccessFile(image.toFile(), "rw")) {
            made.setLength(sizeBytes);
        }
        try {
            FaultyFile under =
                    FaultyFile.over(image, image.resolveSibling(image.getFileName() + "-work"), Duration.ZERO);
            device[0] = under;
            disk.undo.push(under::close);
            Tools.succeed(
                    TOOL,
                    List.of("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-e", "continue", image.toString()));
            String loop = Tools.succeed(TOOL, List.of("losetup", "--find", "--show", image.toString()))
                    .strip();
            disk.undo.push(() -> Tools.succeed(TOOL, List.of("losetup", "--detach", loop)));
            mount(List.of("mount", loop, folder.toString()));
            disk.undo.push(() -> unmount(folder));
            return disk;
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            disk.close();
            throw e;
        }
    }

    private static void mount(List<String> command) throws IOException, InterruptedException {
        Tools.Result result = Tools.run(TOOL, command);
        if (result.code() != 0) {
            throw new AssertionError(
                    command + " failed; fault tests mount file systems and have to run as root: " + result.output());
        }
    }

    private static void unmount(Path folder) throws IOException, InterruptedException {
        Tools.succeed(TOOL, List.of("umount", "--lazy", folder.toString()));
    }

    /** Takes all room that is left. */
    void fill() throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        Arrays.fill(chunk, (byte) 1);
        Path ballast = ballast();
        for (int bytes = chunk.length; bytes > 0; bytes /= 2) {
            try (OutputStream out = Files.newOutputStream(
                    ballast, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND)) {
                while (true) {
                    out.write(chunk, 0, bytes);
                }
            } catch (IOException full) {
                if (!String.valueOf(full.getMessage()).contains("No space left")) {
                    throw full;
                }
            }
        }
    }

    /** Gives the room back. */
    void free() throws IOException {
        Files.deleteIfExists(ballast());
    }

    private Path ballast() {
        return folder.resolve("ballast-of-a-test");
    }

    /** Lets every change of the file system wait until {@link #thaw}; what is under way ends first. */
    void freeze() throws IOException, InterruptedException {
        Tools.succeed(TOOL, List.of("fsfreeze", "--freeze", folder.toString()));
        undo.push(() -> Tools.run(TOOL, List.of("fsfreeze", "--unfreeze", folder.toString())));
    }

    /** Ends {@link #freeze}. */
    void thaw() throws IOException, InterruptedException {
        Tools.succeed(TOOL, List.of("fsfreeze", "--unfreeze", folder.toString()));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        Throwable failure = null;
        while (!undo.isEmpty()) {
            try {
                undo.pop().run();
            } catch (IOException | AssertionError e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw new IOException("the file system of " + folder + " was not removed cleanly", failure);
        }
    }
}
