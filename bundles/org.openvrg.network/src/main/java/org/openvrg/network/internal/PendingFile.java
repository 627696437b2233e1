package org.openvrg.network.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The change under way, as a file: present from before the first step until it is settled. Not thread-safe. */
final class PendingFile {
    private static final Logger LOG = LoggerFactory.getLogger(PendingFile.class);
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);

    private final Path file;

    /** In a folder, which is made. */
    PendingFile(Path directory) throws IOException {
        Files.createDirectories(directory);
        this.file = directory.resolve("pending-change.json");
    }

    /** The change that was under way; a file that can't be read is set aside, and said so. */
    Optional<PendingChange> read() throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.readValue(file.toFile(), PendingChange.class));
        } catch (JsonProcessingException e) {
            Path aside = file.resolveSibling(file.getFileName() + ".damaged");
            Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
            LOG.error("{} can't be read and was renamed to {}: the management network stays as it is", file, aside, e);
            return Optional.empty();
        }
    }

    /** Writes the change. */
    void write(PendingChange change) throws IOException {
        SafeFile.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(change) + "\n");
    }

    /** The change is settled. */
    void delete() throws IOException {
        SafeFile.delete(file);
    }
}
