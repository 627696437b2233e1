package org.openvrg.platform.xen;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.HypervisorPlatform;
import org.openvrg.api.platform.MirrorPlatform;
import org.openvrg.api.platform.PlatformCapability;
import org.openvrg.qemu.mirror.MirrorSettings;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The platform as a service: there once the bundle is, whatever hosts are configured. */
@Component(
        service = HypervisorPlatform.class,
        configurationPid = "org.openvrg.platform.xen",
        property = HypervisorPlatform.PLATFORM + "=xen")
@Designate(ocd = XenPlatformComponent.Config.class)
public final class XenPlatformComponent implements MirrorPlatform {
    private static final int MIN_SILENCE_MILLIS = 500;
    private static final int MAX_SILENCE_MILLIS = 60_000;
    private static final int MAX_ROTATION_SECONDS = 86_400;

    private final XenPlatform platform;

    /** Configuration of the platform. */
    @ObjectClassDefinition(name = "VRG platform Xen", description = "Capture of disks with QEMU as back end")
    @interface Config {
        /** Folder. */
        @AttributeDefinition(
                description = "Folder for what is known of the hosts' bitmaps, and for the guard; empty: platform-xen"
                        + " below the appliance's data folder")
        String directory() default "";

        /** Rotation. */
        @AttributeDefinition(description = "Age at which a host's dirty bitmap is replaced, in seconds, 1 to 86400")
        int rotation$_$seconds() default 60;

        /** Stall. */
        @AttributeDefinition(description = "Time without progress after which an export is cut off, 500 to 60000")
        int stall$_$millis() default 2_000;

        /** Guard. */
        @AttributeDefinition(description = "Whether a process beside the gateway cuts QEMU off when the gateway hangs")
        boolean watchdog() default true;

        /** Bound of the guard. */
        @AttributeDefinition(description = "Silence after which the guard cuts off, in milliseconds, 500 to 60000")
        int watchdog$_$silence$_$millis() default 2_000;
    }

    /** Makes the folder. */
    @Activate
    public XenPlatformComponent(BundleContext context, Config config) throws IOException {
        this.platform = new XenPlatform(
                mirror(config.rotation$_$seconds(), config.stall$_$millis()),
                directory(context, config.directory()),
                silence(config.watchdog(), config.watchdog$_$silence$_$millis()));
    }

    static Optional<Duration> silence(boolean watchdog, int millis) {
        check("watchdog-silence-millis", millis, MIN_SILENCE_MILLIS, MAX_SILENCE_MILLIS);
        return watchdog ? Optional.of(Duration.ofMillis(millis)) : Optional.empty();
    }

    static MirrorSettings mirror(int rotationSeconds, int stallMillis) {
        check("rotation-seconds", rotationSeconds, 1, MAX_ROTATION_SECONDS);
        check("stall-millis", stallMillis, MIN_SILENCE_MILLIS, MAX_SILENCE_MILLIS);
        MirrorSettings standard = MirrorSettings.standard();
        return new MirrorSettings(
                Duration.ofSeconds(rotationSeconds),
                standard.tick(),
                Duration.ofMillis(stallMillis),
                standard.firstRetry(),
                standard.lastRetry(),
                Optional.empty());
    }

    private static void check(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be " + least + " to " + most);
        }
    }

    private static Path directory(BundleContext context, String configured) {
        if (!configured.isBlank()) {
            return Path.of(configured.trim()).toAbsolutePath().normalize();
        }
        String data = context.getProperty("karaf.data");
        if (data == null) {
            throw new IllegalArgumentException("directory is empty, and there is no data folder of an appliance");
        }
        return Path.of(data, "platform-xen");
    }

    @Deactivate
    void deactivate() throws IOException, PlatformException {
        platform.close();
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addHost(XenHostComponent component) {
        platform.add(component.host());
    }

    void removeHost(XenHostComponent component) {
        platform.remove(component.host());
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
    public Capture startCapture(DiskRef disk, URI export, CaptureListener listener) throws PlatformException {
        return platform.startCapture(disk, export, listener);
    }
}
