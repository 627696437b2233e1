package ${package};

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.testkit.StorageProviderContract;

/** Runs what every storage provider must do; it tells the contract how to make a volume, and what would escape. */
class FolderContractTest extends StorageProviderContract {
    @TempDir
    Path folder;

    private final FolderProvider provider = new FolderProvider();
    private FolderStore store;

    @BeforeEach
    void configure() {
        store = new FolderStore("", folder);
        provider.addStore(store);
    }

    @AfterEach
    void close() {
        provider.removeStore(store);
        store.close();
    }

    @Override
    protected StorageProvider provider() {
        return provider;
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
        return Stream.of("../x", "/etc/passwd", "a/../../x", "..", "", "link")
                .map(FolderContractTest::spec)
                .toList();
    }

    private static VolumeSpec spec(String url) {
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), Map.of(), OptionalLong.empty());
    }
}
