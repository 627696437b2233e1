package org.openvrg.storage.nas.internal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file system of its own, mounted by a loop device; needs root. It can stop to answer. Not thread-safe. */
final class MountedShare implements AutoCloseable {
    private final Path point;
    private final String loop;
    private boolean frozen;

    /** Makes and mounts it. */
    MountedShare(Path image, Path point) throws Exception {
        this.point = Files.createDirectory(point);
        try (RandomAccessFile made = new RandomAccessFile(image.toFile(), "rw")) {
            made.setLength(64L << 20);
        }
        run("mke2fs", "-q", "-t", "ext4", image.toString());
        loop = run("losetup", "--find", "--show", image.toString()).strip();
        mount();
    }

    Path point() {
        return point;
    }

    /** What the kernel calls it. */
    String source() {
        return loop;
    }

    void mount() throws Exception {
        run("mount", loop, point.toString());
    }

    /** Takes it away, whoever uses it. */
    void vanish() throws Exception {
        run("umount", "--lazy", point.toString());
    }

    /** From now on whatever changes it waits. */
    void freeze() throws Exception {
        run("fsfreeze", "--freeze", point.toString());
        frozen = true;
    }

    /** Ends {@link #freeze}. */
    void thaw() throws Exception {
        run("fsfreeze", "--unfreeze", point.toString());
        frozen = false;
    }

    @Override
    public void close() throws IOException {
        try {
            if (frozen) {
                thaw();
            }
            new ProcessBuilder("umount", "--lazy", point.toString()).start().waitFor();
            run("losetup", "--detach", loop);
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(List.of(command) + " (needs root): " + output);
        }
        return output;
    }
}
