package org.openvrg.sample.storage;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.testkit.StorageProviderContract;

class SampleStorageTest extends StorageProviderContract {
    @TempDir
    Path folder;

    private final SampleStorage storage = new SampleStorage();

    @Override
    protected StorageProvider provider() {
        return storage;
    }

    @Override
    protected VolumeSpec volume(String name, long sizeBytes) throws Exception {
        if (!Files.exists(folder.resolve(name))) {
            try (RandomAccessFile file =
                    new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
                file.setLength(sizeBytes);
            }
        }
        return spec(name);
    }

    @Override
    protected VolumeSpec missing() {
        return spec("missing");
    }

    @Override
    protected List<VolumeSpec> escaping() throws Exception {
        Files.createSymbolicLink(folder.resolve("link"), Path.of("/etc/passwd"));
        return Stream.of("../x", "/etc/passwd", "a/b", "..", "", ".hidden", "link")
                .map(this::spec)
                .toList();
    }

    private VolumeSpec spec(String url) {
        return new VolumeSpec(
                new VolumeId("disk"), url, Optional.empty(), Map.of("folder", folder.toString()), OptionalLong.empty());
    }
}
