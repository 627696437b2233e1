package org.openvrg.storage.localpome.internal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.internal.Daemons;
import org.openvrg.testkit.StorageProviderContract;

/** The contract on qcow2 images, which real storage daemons have open. */
class QemuContractTest extends StorageProviderContract {
    @TempDir
    Path folder;

    private Path root;
    private Daemons daemons;
    private final NamedStores datastores = new NamedStores();

    @BeforeEach
    void configure() throws Exception {
        root = Files.createDirectory(folder.resolve("root"));
        daemons = Daemons.of(folder.resolve("run"), Duration.ofSeconds(30), Duration.ofSeconds(30));
        datastores.add(new Datastore(new Settings("", root, true, false), daemons));
    }

    @AfterEach
    void stop() {
        daemons.close();
    }

    @Override
    protected StorageProvider provider() {
        return datastores;
    }

    @Override
    protected VolumeSpec volume(String name, long sizeBytes) {
        return spec("vm/" + name + ".qcow2", OptionalLong.of(sizeBytes));
    }

    @Override
    protected VolumeSpec missing() {
        return spec("missing.qcow2", OptionalLong.empty());
    }

    @Override
    protected List<VolumeSpec> escaping() throws Exception {
        Path outside = folder.resolve("outside.qcow2");
        qemuImg("create", "-q", "-f", "qcow2", outside.toString(), "1M");
        Files.createSymbolicLink(root.resolve("link.qcow2"), outside);
        Files.writeString(folder.resolve("secret"), "x".repeat(1 << 20));
        qemuImg(
                "create",
                "-q",
                "-f",
                "qcow2",
                "-F",
                "raw",
                "-b",
                folder.resolve("secret").toString(),
                root.resolve("backed.qcow2").toString());
        qemuImg(
                "create",
                "-q",
                "-f",
                "qcow2",
                "-o",
                "data_file=" + folder.resolve("data"),
                root.resolve("apart.qcow2").toString(),
                "1M");
        Files.copy(outside, root.resolve("no.vmdk"));
        return Stream.of("../outside.qcow2", "link.qcow2", "backed.qcow2", "apart.qcow2", "no.vmdk")
                .map(url -> spec(url, OptionalLong.of(100)))
                .toList();
    }

    private static void qemuImg(String... arguments) throws Exception {
        Tools.run(Stream.concat(Stream.of("qemu-img"), Stream.of(arguments)).toList());
    }

    private static VolumeSpec spec(String url, OptionalLong sizeBytes) {
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), Map.of(), sizeBytes);
    }
}
