package org.openvrg.storage.lunpome.internal;

import org.openvrg.qemu.storage.BlockLayer;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** One SAN datastore for each factory configuration. */
@Component(
        service = SanComponent.class,
        configurationPid = "org.openvrg.storage.lunpome",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = SanComponent.Config.class, factory = true)
public final class SanComponent {
    private final San store;

    /** Configuration of a SAN datastore. */
    @ObjectClassDefinition(name = "VRG storage LUNPOME", description = "Volumes on SAN LUNs")
    @interface Config {
        /** URN of the datastore; empty: the default one. */
        @AttributeDefinition(description = "URN of the datastore; empty: the default one")
        String dsUrn() default "";

        /** Folders whose block devices may be used, for example /dev/mapper. */
        @AttributeDefinition(
                description = "Folders whose block devices may be used, for example /dev/mapper, separated by commas")
        String devices() default "";

        /** Folder of image files on a cluster file system. */
        @AttributeDefinition(description = "Folder of image files on a cluster file system")
        String root() default "";

        /** Whether an image file that does not exist is created, sparse. */
        @AttributeDefinition(description = "Whether an image file that does not exist is created, sparse")
        boolean create$_$missing() default false;

        /** iSCSI portals that may be used, host:port. */
        @AttributeDefinition(description = "iSCSI portals that may be used, host:port, separated by commas")
        String portals() default "";

        /** IQN by which targets know this host. */
        @AttributeDefinition(description = "IQN by which targets know this host")
        String initiator$_$name() default "";

        /** User of CHAP; empty: no CHAP. */
        @AttributeDefinition(description = "User of CHAP; empty: no CHAP")
        String chap$_$user() default "";

        /** File with the secret of CHAP. */
        @AttributeDefinition(description = "File with the secret of CHAP")
        String chap$_$secret$_$file() default "";

        /** Folder that keeps the owners of devices and iSCSI units. */
        @AttributeDefinition(description = "Folder that keeps the owners of devices and iSCSI units")
        String owner$_$directory() default "";

        /** Seconds in which storage must answer. */
        @AttributeDefinition(description = "Seconds in which storage must answer")
        int call$_$timeout$_$seconds() default 30;

        /** Most calls of the storage at once. */
        @AttributeDefinition(description = "Most calls of the storage at once")
        int max$_$threads() default 64;
    }

    /** Checks the configuration. */
    @Activate
    public SanComponent(@Reference BlockLayer blocks, Config config) {
        this.store = new San(
                Settings.of(
                        config.dsUrn(),
                        config.devices(),
                        config.root(),
                        config.create$_$missing(),
                        config.portals(),
                        config.initiator$_$name(),
                        config.chap$_$user(),
                        config.chap$_$secret$_$file(),
                        config.owner$_$directory(),
                        config.call$_$timeout$_$seconds(),
                        config.max$_$threads()),
                blocks);
    }

    @Deactivate
    void deactivate() {
        store.close();
    }

    San store() {
        return store;
    }
}
