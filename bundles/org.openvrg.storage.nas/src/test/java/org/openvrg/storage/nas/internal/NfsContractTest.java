package org.openvrg.storage.nas.internal;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
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
import org.openvrg.testkit.backend.NfsServer;

/** The contract on images behind a real NFS server. */
class NfsContractTest extends StorageProviderContract {
    @TempDir
    static Path folder;

    private static NfsServer server;

    private Daemons daemons;
    private final NamedStores stores = new NamedStores();
    private final String test = UUID.randomUUID().toString();

    @BeforeAll
    static void startServer() throws Exception {
        server = new NfsServer(folder.resolve("nfs")).start();
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void start() throws Exception {
        Path run = Files.createTempDirectory(folder, "run");
        daemons = Daemons.of(
                run, server.inside("qemu-storage-daemon").toString(), Duration.ofSeconds(60), Duration.ofSeconds(60));
        stores.add(new Share(
                Settings.of(
                        "",
                        "",
                        "",
                        "",
                        false,
                        "127.0.0.1:" + server.share(),
                        folder.resolve("owners").toString(),
                        60,
                        16),
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
        Path file = server.share().resolve(test + name);
        if (!Files.exists(file)) {
            try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
                made.setLength(sizeBytes);
            }
        }
        return spec("nfs://127.0.0.1" + file);
    }

    @Override
    protected VolumeSpec missing() {
        return spec("nfs://127.0.0.1" + server.share() + "/missing");
    }

    @Override
    protected List<VolumeSpec> escaping() {
        return Stream.of(
                        "nfs://127.0.0.1" + server.share(),
                        "nfs://127.0.0.1" + server.share() + "/../x",
                        "nfs://127.0.0.1" + server.share() + "x/y",
                        "nfs://127.0.0.2" + server.share() + "/x",
                        "nfs://127.0.0.1" + server.share() + "/x?uid=0",
                        "nfs://u@127.0.0.1" + server.share() + "/x",
                        "x.raw")
                .map(NfsContractTest::spec)
                .toList();
    }

    private static VolumeSpec spec(String url) {
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), Map.of(), OptionalLong.empty());
    }
}
