package org.openvrg.storage.nas.internal;

import org.openvrg.qemu.storage.BlockLayer;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** One share for each factory configuration. */
@Component(
        service = ShareComponent.class,
        configurationPid = "org.openvrg.storage.nas",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = ShareComponent.Config.class, factory = true)
public final class ShareComponent {
    private final Share store;

    /** Configuration of a share. */
    @ObjectClassDefinition(name = "VRG storage NAS", description = "Image files on NAS shares")
    @interface Config {
        /** URN of the share; empty: the default one. */
        @AttributeDefinition(description = "URN of the share; empty: the default one")
        String dsUrn() default "";

        /** Absolute path where the share is mounted; empty: volumes are reached by nfs:// only. */
        @AttributeDefinition(
                description = "Absolute path where the share is mounted; empty: volumes are reached by nfs:// only")
        String mount$_$point() default "";

        /** What is mounted there, for example server:/export; empty: anything but the file system of the host. */
        @AttributeDefinition(
                description =
                        "What is mounted there, for example server:/export; empty: anything but the file system of the host")
        String mount$_$source() default "";

        /** Folder of the images below the mount point; empty: the mount point itself. */
        @AttributeDefinition(description = "Folder of the images below the mount point; empty: the mount point itself")
        String folder() default "";

        /** Whether a volume that does not exist is created, sparse. */
        @AttributeDefinition(description = "Whether a volume that does not exist is created, sparse")
        boolean create$_$missing() default false;

        /** Exports that nfs:// URLs may lead into, for example server:/export. */
        @AttributeDefinition(
                description = "Exports that nfs:// URLs may lead into, for example server:/export, separated by commas")
        String exports() default "";

        /** Folder that keeps the owners of nfs:// volumes. */
        @AttributeDefinition(description = "Folder that keeps the owners of nfs:// volumes")
        String owner$_$directory() default "";

        /** Seconds in which the share must answer. */
        @AttributeDefinition(description = "Seconds in which the share must answer")
        int call$_$timeout$_$seconds() default 30;

        /** Most calls of the share at once. */
        @AttributeDefinition(description = "Most calls of the share at once")
        int max$_$threads() default 64;
    }

    /** Checks the configuration. */
    @Activate
    public ShareComponent(@Reference BlockLayer blocks, Config config) {
        this.store = new Share(
                Settings.of(
                        config.dsUrn(),
                        config.mount$_$point(),
                        config.mount$_$source(),
                        config.folder(),
                        config.create$_$missing(),
                        config.exports(),
                        config.owner$_$directory(),
                        config.call$_$timeout$_$seconds(),
                        config.max$_$threads()),
                blocks);
    }

    @Deactivate
    void deactivate() {
        store.close();
    }

    Share store() {
        return store;
    }
}
