package org.openvrg.itests;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * What careful programs do to a file system: write a new file, fsync it, rename it over the old one, fsync the folder;
 * between that whole folders that are made and renamed, appends, truncations, deletions. Whoever finds the file system
 * after a crash finds every file that has its final name whole: {@link #check}.
 */
final class FileWorkload {
    private static final long MAGIC = 0x56524757484f4c45L;
    private static final int HEADER_BYTES = 32;
    private static final int SLOTS = 24;
    private static final int FOLDERS = 4;
    private static final int PARTS = 3;
    private static final int SMALL_BYTES = 48 * 1024;
    /** Longer than a record of the journal. */
    private static final int LARGE_BYTES = 1536 * 1024;

    private static final int LARGE_EVERY = 64;
    private static final int LOG_LINE_BYTES = 3000;
    private static final long LOG_LIMIT_BYTES = 256 * 1024;

    private final Path folder;
    private final SplittableRandom random;

    private FileWorkload(Path folder, SplittableRandom random) {
        this.folder = folder;
        this.random = random;
    }

    /** Works in several threads, each in a folder of its own. */
    static List<Callable<Void>> of(Path root, long seed, int threads, int operations) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Callable<Void>> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            FileWorkload one = new FileWorkload(root.resolve("worker-" + i), random.split());
            all.add(() -> {
                one.run(operations);
                return null;
            });
        }
        return all;
    }

    private void run(int operations) throws IOException {
        Files.createDirectories(folder);
        for (int i = 0; i < operations; i++) {
            switch (random.nextInt(10)) {
                case 0 -> Files.deleteIfExists(folder.resolve("slot-" + random.nextInt(SLOTS)));
                case 1 -> replaceFolder();
                case 2 -> append();
                default -> replaceFile();
            }
        }
    }

    private void replaceFile() throws IOException {
        Path fresh = folder.resolve("new");
        boolean large = random.nextInt(LARGE_EVERY) == 0;
        write(fresh, large ? LARGE_BYTES : 1 + random.nextInt(SMALL_BYTES));
        Files.move(fresh, folder.resolve("slot-" + random.nextInt(SLOTS)), StandardCopyOption.ATOMIC_MOVE);
        if (random.nextBoolean()) {
            sync(folder);
        }
    }

    private void replaceFolder() throws IOException {
        Path fresh = Files.createDirectory(folder.resolve("new-folder"));
        for (int part = 0; part < PARTS; part++) {
            write(fresh.resolve("part-" + part), 1 + random.nextInt(SMALL_BYTES));
        }
        sync(fresh);
        Path old = folder.resolve("folder-" + random.nextInt(FOLDERS));
        for (int part = 0; part < PARTS; part++) {
            Files.deleteIfExists(old.resolve("part-" + part));
        }
        Files.move(fresh, old, StandardCopyOption.ATOMIC_MOVE); // replaces an empty folder
        sync(folder);
    }

    private void append() throws IOException {
        try (FileChannel log = FileChannel.open(
                folder.resolve("log"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND)) {
            if (log.size() > LOG_LIMIT_BYTES) {
                log.truncate(random.nextInt((int) LOG_LIMIT_BYTES));
            }
            byte[] line = new byte[LOG_LINE_BYTES];
            random.nextBytes(line);
            writeAll(log, ByteBuffer.wrap(line));
            log.force(false);
        }
    }

    private void write(Path file, int bodyBytes) throws IOException {
        byte[] body = new byte[bodyBytes];
        random.nextBytes(body);
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        header.putLong(MAGIC).putLong(bodyBytes).putLong(crc(body)).putLong(0).flip();
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeAll(out, header);
            writeAll(out, ByteBuffer.wrap(body));
            out.force(true);
        }
    }

    private static void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private static void sync(Path folder) throws IOException {
        try (FileChannel opened = FileChannel.open(folder, StandardOpenOption.READ)) {
            opened.force(true);
        }
    }

    private static long crc(byte[] body) {
        CRC32C crc = new CRC32C();
        crc.update(body);
        return crc.getValue();
    }

    /**
     * Fails unless every file with a final name is whole.
     *
     * @return how many there are
     */
    static int check(Path root, String context) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(root)) {
            files = all.filter(FileWorkload::hasFinalName).toList();
        }
        for (Path file : files) {
            byte[] found = Files.readAllBytes(file);
            ByteBuffer header = ByteBuffer.wrap(found);
            boolean whole = found.length >= HEADER_BYTES
                    && header.getLong(0) == MAGIC
                    && header.getLong(8) == found.length - HEADER_BYTES
                    && header.getLong(16) == crc(java.util.Arrays.copyOfRange(found, HEADER_BYTES, found.length));
            if (!whole) {
                throw new AssertionError(
                        context + ": " + root.relativize(file) + " of " + found.length + " bytes is not whole");
            }
        }
        return files.size();
    }

    private static boolean hasFinalName(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith("slot-")
                || (name.startsWith("part-") && !file.getParent().endsWith("new-folder"));
    }
}
