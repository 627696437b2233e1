package org.openvrg.qemu.mirror;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.openvrg.api.file.DurableFile;
import org.openvrg.api.model.VolumeId;

/**
 * Which bitmaps at the hosts this gateway believes: a small file for each volume, with a token a line. A bitmap whose
 * token is not here proves nothing, however fitting its name: it may be as old as an image that was put back from a
 * backup, or another gateway's. Each change is on disk before the call returns. Used by one thread for each volume.
 */
public final class BitmapTokens {
    private static final int MAX_FILE_BYTES = 4 << 10;

    private final Path folder;

    /** Keeps the files in a folder, which is created where it is missing. */
    public BitmapTokens(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
    }

    /** The tokens of a volume; empty if there are none, or none that can be read. */
    Set<String> read(VolumeId volume) throws IOException {
        Path file = file(volume);
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                return Set.of();
            }
            Set<String> tokens = new LinkedHashSet<>(Files.readAllLines(file, StandardCharsets.US_ASCII));
            tokens.remove("");
            return tokens;
        } catch (NoSuchFileException e) {
            // the volume was never captured
            return Set.of();
        }
    }

    /** Replaces the tokens of a volume. */
    void write(VolumeId volume, Set<String> tokens) throws IOException {
        String text = String.join("\n", tokens) + "\n";
        DurableFile.replace(file(volume), text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Believes nothing about a volume any more. */
    void forget(VolumeId volume) throws IOException {
        Files.deleteIfExists(file(volume));
    }

    private Path file(VolumeId volume) {
        return folder.resolve(volume.value() + ".bitmaps");
    }
}
