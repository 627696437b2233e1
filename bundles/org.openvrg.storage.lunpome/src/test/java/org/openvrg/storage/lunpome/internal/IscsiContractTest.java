package org.openvrg.storage.lunpome.internal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
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
import org.openvrg.testkit.backend.IscsiTarget;

/** The contract on units of a real iSCSI target, with CHAP. */
class IscsiContractTest extends StorageProviderContract {
    @TempDir
    Path folder;

    private IscsiTarget target;
    private Daemons daemons;
    private final NamedStores stores = new NamedStores();
    private final Map<String, Integer> units = new HashMap<>();

    @BeforeEach
    void start() throws Exception {
        target = new IscsiTarget(folder.resolve("target")).start();
        daemons = Daemons.of(folder.resolve("run"), Duration.ofSeconds(30), Duration.ofSeconds(30));
        Path secret = Files.writeString(folder.resolve("secret"), IscsiTarget.SECRET + "\n");
        stores.add(new San(
                Settings.of(
                        "",
                        "",
                        "",
                        false,
                        target.portal(),
                        "iqn.2026-01.org.openvrg:agent",
                        IscsiTarget.USER,
                        secret.toString(),
                        folder.resolve("owners").toString(),
                        60,
                        16),
                daemons));
    }

    @AfterEach
    void stop() {
        daemons.close();
        target.close();
    }

    @Override
    protected StorageProvider provider() {
        return stores;
    }

    @Override
    protected VolumeSpec volume(String name, long sizeBytes) throws Exception {
        if (!units.containsKey(name)) {
            units.put(name, target.add(sizeBytes));
        }
        return spec("iscsi://" + target.portal() + "/" + IscsiTarget.IQN + "/" + units.get(name));
    }

    @Override
    protected VolumeSpec missing() {
        return spec("iscsi://" + target.portal() + "/" + IscsiTarget.IQN + "/77");
    }

    @Override
    protected List<VolumeSpec> escaping() {
        return Stream.of(
                        "iscsi://127.0.0.2:3260/" + IscsiTarget.IQN + "/1",
                        "iscsi://" + target.portal() + "/" + IscsiTarget.IQN + "/1/2",
                        "iscsi://" + target.portal() + "/../1",
                        "iscsi://user:word@" + target.portal() + "/" + IscsiTarget.IQN + "/1",
                        "/dev/null",
                        "image.raw")
                .map(this::spec)
                .toList();
    }

    private VolumeSpec spec(String url) {
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), Map.of(), OptionalLong.empty());
    }
}
