package org.openvrg.qemu.storage.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.qemu.storage.BlockLayer;
import org.openvrg.qemu.storage.BlockSource;
import org.openvrg.qemu.storage.ImageFormat;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** QEMU's block layer as a service, once it is configured. */
@Component(
        service = BlockLayer.class,
        configurationPid = "org.openvrg.qemu.storage",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = BlockLayerComponent.Config.class)
public final class BlockLayerComponent implements BlockLayer {
    private final Daemons daemons;

    /** Configuration of the block layer. */
    @ObjectClassDefinition(name = "VRG QEMU block layer", description = "Storage daemons for volumes of plug-ins")
    @interface Config {
        /** Folder. */
        @AttributeDefinition(description = "Folder for sockets and secrets of the daemons, for this appliance alone")
        String run$_$directory() default "";

        /** Daemon. */
        @AttributeDefinition(description = "Program qemu-storage-daemon")
        String daemon$_$command() default "qemu-storage-daemon";

        /** Image tool. */
        @AttributeDefinition(description = "Program qemu-img")
        String image$_$command() default "qemu-img";

        /** Start. */
        @AttributeDefinition(description = "Seconds in which a daemon must have opened its volume")
        int start$_$timeout$_$seconds() default 20;

        /** Request. */
        @AttributeDefinition(description = "Seconds in which storage must answer; then the volume has failed")
        int request$_$timeout$_$seconds() default 30;

        /** Limit. */
        @AttributeDefinition(description = "Most daemons at once")
        int max$_$daemons() default 256;
    }

    /** Checks the configuration, and clears what an earlier process left. */
    @Activate
    public BlockLayerComponent(Config config) throws IOException {
        this.daemons = new Daemons(new Settings(
                Path.of(config.run$_$directory().trim()),
                config.daemon$_$command().trim(),
                config.image$_$command().trim(),
                Duration.ofSeconds(config.start$_$timeout$_$seconds()),
                Duration.ofSeconds(config.request$_$timeout$_$seconds()),
                config.max$_$daemons()));
    }

    @Deactivate
    void deactivate() {
        daemons.close();
    }

    @Override
    public BlockVolume open(BlockSource source, String name) throws StorageException {
        return daemons.open(source, name);
    }

    @Override
    public void create(Path file, ImageFormat format, long sizeBytes) throws StorageException {
        daemons.create(file, format, sizeBytes);
    }

    @Override
    public ToolResult run(String name, Map<String, String> files, List<String> command) throws StorageException {
        return daemons.run(name, files, command);
    }

    @Override
    public DeviceClaim claim(Path device, String name) throws StorageException {
        return daemons.claim(device, name);
    }
}
