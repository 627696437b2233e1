package org.openvrg.platform.kvm.internal;

import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.util.OptionalInt;
import java.util.Set;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.HypervisorPlatform;
import org.openvrg.api.platform.MirrorPlatform;
import org.openvrg.api.platform.PlatformCapability;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** A group of QEMU hosts as a service; one for each configuration. */
@Component(
        service = HypervisorPlatform.class,
        configurationPid = "org.openvrg.platform.kvm",
        configurationPolicy = ConfigurationPolicy.REQUIRE,
        property = HypervisorPlatform.PLATFORM + "=kvm")
@Designate(ocd = KvmPlatformComponent.Config.class, factory = true)
public final class KvmPlatformComponent implements MirrorPlatform {
    private final KvmPlatform platform;

    /** Configuration of a group of hosts. */
    @ObjectClassDefinition(name = "VRG platform KVM", description = "QEMU hosts, captured through their monitors")
    @interface Config {
        /** Folder of monitors. */
        @AttributeDefinition(
                description =
                        "Folder in which each NAME.qmp is a VM's monitor, NAME.guard its second one for the guard;"
                                + " QEMU makes NAME.nbd there")
        String folder() default "";

        /** Monitors by TCP. */
        @AttributeDefinition(description = "HOST:PORT;guard=HOST:PORT;reader=HOST:PORT, separated by commas")
        String monitors() default "";

        /** Daemons of libvirt. */
        @AttributeDefinition(
                description = "URI;readers=FOLDER or URI;readers=HOST:PORT-PORT, separated by commas: libvirt daemons,"
                        + " and where their QEMUs may serve disks")
        String libvirt() default "";

        /** Key of the gateway. */
        @AttributeDefinition(
                description = "PKCS#12 file with the key and certificate for monitors by TCP, and libvirt by TLS")
        String tls$_$keystore$_$file() default "";

        /** Its password. */
        @AttributeDefinition(description = "File with the password of the keystore")
        String tls$_$keystore$_$password$_$file() default "";

        /** Who signs the hosts' certificates. */
        @AttributeDefinition(description = "PEM file with the authorities of the hosts' certificates")
        String tls$_$authorities$_$file() default "";

        /** QEMU's credentials. */
        @AttributeDefinition(description = "Id of the tls-creds object that each QEMU has, for exports with TLS")
        String tls$_$credentials() default "";

        /** State. */
        @AttributeDefinition(description = "Folder for what is known of the hosts' bitmaps")
        String state() default "";

        /** Scan. */
        @AttributeDefinition(description = "Time between two looks at all VMs in milliseconds, 200 to 60000")
        int scan$_$millis() default 2_000;

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

        /** Last resort of the guard. */
        @AttributeDefinition(
                description =
                        "Whether it ends a gateway that hangs, where libvirt does not cut off within the same time")
        boolean watchdog$_$kill() default true;
    }

    /** Checks the configuration and begins to look at the hosts. */
    @Activate
    public KvmPlatformComponent(Config config) throws IOException, GeneralSecurityException {
        this.platform = new KvmPlatform(HostSettings.of(config));
    }

    @Deactivate
    void deactivate() throws IOException, PlatformException {
        platform.close();
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
