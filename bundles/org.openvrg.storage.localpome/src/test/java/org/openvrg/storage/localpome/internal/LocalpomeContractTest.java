package org.openvrg.storage.localpome.internal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.testkit.StorageProviderContract;

class LocalpomeContractTest extends StorageProviderContract {
    @TempDir
    Path folder;

    private Path root;
    private final NamedStores datastores = new NamedStores();

    @BeforeEach
    void configure() throws Exception {
        root = Files.createDirectory(folder.resolve("root"));
        Files.write(folder.resolve("outside.raw"), new byte[100]);
        datastores.add(new Datastore(new Settings("", root, true, false), NoBlockLayer.INSTANCE));
    }

    @Override
    protected StorageProvider provider() {
        return datastores;
    }

    @Override
    protected VolumeSpec volume(String name, long sizeBytes) {
        return spec("vm/" + name + ".raw", OptionalLong.of(sizeBytes));
    }

    @Override
    protected VolumeSpec missing() {
        return spec("missing.raw", OptionalLong.empty());
    }

    @Override
    protected List<VolumeSpec> escaping() throws Exception {
        Files.createSymbolicLink(root.resolve("link.raw"), folder.resolve("outside.raw"));
        Files.createSymbolicLink(root.resolve("up"), folder);
        Files.createSymbolicLink(root.resolve("dangling.raw"), folder.resolve("new.raw"));
        Files.createDirectory(folder.resolve("root-beside"));
        return Stream.of(
                        "../outside.raw",
                        "vm/../../outside.raw",
                        folder.resolve("outside.raw").toString(),
                        "link.raw",
                        "up/outside.raw",
                        "up/made.raw",
                        "up/root-beside/made.raw",
                        "dangling.raw",
                        "",
                        ".",
                        "..",
                        "/",
                        "a\u0000b",
                        "a\nb",
                        ".x.vrg-owner",
                        "x".repeat(5000))
                .map(url -> spec(url, OptionalLong.of(100)))
                .toList();
    }

    private static VolumeSpec spec(String url, OptionalLong sizeBytes) {
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), Map.of(), sizeBytes);
    }
}
