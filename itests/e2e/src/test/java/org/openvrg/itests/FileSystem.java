package org.openvrg.itests;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Kinds of file system that the crash tests use, with the tools that make and judge them. */
enum FileSystem {
    /** With a journal of 4 MiB. */
    EXT4(64L << 20, "discard", "mke2fs -q -t ext4 -J size=4 -F", "e2fsck -f -n"),
    /** In the smallest size that mkfs.xfs makes. */
    XFS(300L << 20, "discard,nouuid", "mkfs.xfs -q", "xfs_repair -n");

    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final long sizeBytes;
    private final String options;
    private final String make;
    private final String judge;

    FileSystem(long sizeBytes, String options, String make, String judge) {
        this.sizeBytes = sizeBytes;
        this.options = options;
        this.make = make;
        this.judge = judge;
    }

    /** Makes an image with an empty file system, of a size that suits the kind. */
    void make(Path image) throws IOException, InterruptedException {
        make(image, sizeBytes);
    }

    /** Makes an image with an empty file system. */
    void make(Path image, long bytes) throws IOException, InterruptedException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        Tools.succeed(LIMIT, with(make, image));
    }

    /** Mounts an image on a folder. */
    LoopMount mount(Path image, Path folder) throws IOException, InterruptedException {
        return new LoopMount(image, folder, name().toLowerCase(java.util.Locale.ROOT), options);
    }

    /** Fails unless the checker of the file system finds nothing, changing nothing. The image is not mounted. */
    void judge(Path image, String context) throws IOException, InterruptedException {
        Tools.Result result = Tools.run(LIMIT, with(judge, image));
        if (result.code() != 0) {
            throw new AssertionError(context + ": " + judge + " says " + result.code() + ": " + result.output());
        }
    }

    /** What a look at a mounted file system says. */
    @FunctionalInterface
    interface Look {
        /** Fails when something is wrong. */
        void at(Path folder) throws IOException;
    }

    /**
     * Judges an image as it would be after a crash: a copy is mounted, which replays the log, looked at, unmounted, and
     * then checked.
     *
     * @param copy used for it, gone afterwards
     */
    void judgeAfterCrash(Path copy, String context, Look look) throws IOException, InterruptedException {
        Path folder = copy.resolveSibling(copy.getFileName() + ".mnt");
        try (LoopMount mount = mount(copy, folder)) {
            look.at(folder);
            mount.unmount();
        }
        Files.delete(folder);
        judge(copy, context);
        Files.delete(copy);
    }

    /** Copies an image with its holes. */
    static void copy(Path from, Path to) throws IOException, InterruptedException {
        Tools.succeed(LIMIT, List.of("cp", "--sparse=always", from.toString(), to.toString()));
    }

    private static List<String> with(String command, Path image) {
        List<String> all = new ArrayList<>(List.of(command.split(" ")));
        all.add(image.toString());
        return all;
    }
}
