package org.openvrg.itests;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** Files full of random bytes, always the same ones for a seed. Stateless. */
public final class Images {
    private static final int CHUNK_BYTES = 1 << 20;

    private Images() {}

    /** A new file of so many bytes, a multiple of 1 MiB. */
    public static Path random(Path file, long sizeBytes, long seed) throws IOException {
        Random random = new Random(seed);
        byte[] chunk = new byte[CHUNK_BYTES];
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
            for (long at = 0; at < sizeBytes; at += CHUNK_BYTES) {
                random.nextBytes(chunk);
                out.write(chunk);
            }
        }
        return file;
    }

    /** Gives so many blocks of a file new random content, spread at random. */
    public static void change(Path file, int blockBytes, int blocks, long seed) throws IOException {
        Random random = new Random(seed);
        byte[] block = new byte[blockBytes];
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            int all = Math.toIntExact(channel.size() / blockBytes);
            Set<Integer> chosen = new TreeSet<>();
            while (chosen.size() < blocks) {
                chosen.add(random.nextInt(all));
            }
            for (int number : chosen) {
                random.nextBytes(block);
                channel.write(ByteBuffer.wrap(block), (long) number * blockBytes);
            }
        }
    }
}
