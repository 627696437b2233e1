package org.openvrg.platform.inline.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.HypervisorPlatform;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.api.platform.PlatformCapability;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The inline platform as a service, once its folder is configured. */
@Component(
        service = HypervisorPlatform.class,
        configurationPid = "org.openvrg.platform.inline",
        configurationPolicy = ConfigurationPolicy.REQUIRE,
        property = HypervisorPlatform.PLATFORM + "=inline")
@Designate(ocd = InlinePlatformComponent.Config.class)
public final class InlinePlatformComponent implements InlinePlatform {
    private final VolumeFolder folder;
    private final FolderPlatform platform;

    /** Configuration of the platform. */
    @ObjectClassDefinition(name = "VRG platform inline", description = "Volumes that the gateway itself exports")
    @interface Config {
        /** Folder. */
        @AttributeDefinition(description = "Folder in which each VOLUME.raw is a volume; created where missing")
        String volumes() default "";
    }

    /** Validated configuration. */
    record Settings(Path volumes) {
        /** Checks the text. */
        static Settings of(String volumes) {
            if (volumes.isBlank()) {
                throw new IllegalArgumentException("volumes is empty, it must be the path of a folder");
            }
            return new Settings(Path.of(volumes.trim()).toAbsolutePath().normalize());
        }
    }

    /** Checks the configuration and starts to watch the folder. */
    @Activate
    public InlinePlatformComponent(Config config) throws IOException {
        this.folder = new VolumeFolder(Settings.of(config.volumes()).volumes());
        this.platform = new FolderPlatform(folder);
    }

    @Deactivate
    void deactivate() throws IOException {
        folder.close();
    }

    @Override
    public Set<PlatformCapability> capabilities() {
        return platform.capabilities();
    }

    @Override
    public boolean hosts(DiskRef disk) {
        return platform.hosts(disk);
    }

    @Override
    public void checkSlot(OptionalInt slot) throws PlatformException {
        platform.checkSlot(slot);
    }

    @Override
    public String deviceName(int slot) throws PlatformException {
        return platform.deviceName(slot);
    }

    @Override
    public BlockVolume open(DiskRef disk) throws StorageException {
        return platform.open(disk);
    }

    @Override
    public List<VolumeId> volumes() {
        return platform.volumes();
    }

    @Override
    public AutoCloseable onChange(Runnable listener) {
        return platform.onChange(listener);
    }
}
