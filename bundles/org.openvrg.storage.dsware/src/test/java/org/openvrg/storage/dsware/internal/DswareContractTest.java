package org.openvrg.storage.dsware.internal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.internal.Daemons;
import org.openvrg.testkit.StorageProviderContract;
import org.openvrg.testkit.backend.CephCluster;

/** The contract on images of a real Ceph cluster. */
class DswareContractTest extends StorageProviderContract {
    @TempDir
    static Path folder;

    private static CephCluster cluster;

    private Daemons daemons;
    private final NamedStores stores = new NamedStores();
    private final String test = UUID.randomUUID().toString();
    private final Set<String> images = new HashSet<>();

    @BeforeAll
    static void startCluster() throws Exception {
        cluster = new CephCluster(folder.resolve("ceph")).start();
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @BeforeEach
    void start() throws Exception {
        Path run = Files.createTempDirectory(folder, "run");
        daemons = Daemons.of(run, Duration.ofSeconds(60), Duration.ofSeconds(60));
        stores.add(new Cluster(
                Settings.of(
                        "",
                        "192.0.2.7",
                        cluster.monitor(),
                        "1=" + CephCluster.POOL,
                        CephCluster.USER,
                        cluster.keyFile().toString(),
                        true),
                daemons));
    }

    @AfterEach
    void stop() {
        daemons.close();
    }

    @Override
    protected StorageProvider provider() {
        return stores;
    }

    @Override
    protected VolumeSpec volume(String name, long sizeBytes) throws Exception {
        if (images.add(name) && name.equals("second")) {
            cluster.create(test + name, sizeBytes);
        }
        return spec(test + name, "192.0.2.7", "1", OptionalLong.of(sizeBytes));
    }

    @Override
    protected VolumeSpec missing() {
        return spec("missing", "192.0.2.7", "1", OptionalLong.empty());
    }

    @Override
    protected List<VolumeSpec> escaping() throws Exception {
        cluster.rbd("create", "--size", "1", "--image-feature", "layering", CephCluster.POOL + "/" + test + "unfenced");
        return Stream.of(
                        spec("other/image", "192.0.2.7", "1", OptionalLong.of(100)),
                        spec("image@snap", "192.0.2.7", "1", OptionalLong.of(100)),
                        spec("--help", "192.0.2.7", "1", OptionalLong.of(100)),
                        spec("", "192.0.2.7", "1", OptionalLong.of(100)),
                        spec("image", "192.0.2.8", "1", OptionalLong.of(100)),
                        spec("image", "192.0.2.7", "rbd", OptionalLong.of(100)),
                        spec(test + "unfenced", "192.0.2.7", "1", OptionalLong.of(100)))
                .toList();
    }

    private static VolumeSpec spec(String url, String address, String resource, OptionalLong sizeBytes) {
        Map<String, String> extParams = Map.of("dsMgntIp", address, "dsResourceId", resource);
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), extParams, sizeBytes);
    }
}
