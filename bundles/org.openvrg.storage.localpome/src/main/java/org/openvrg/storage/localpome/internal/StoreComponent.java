package org.openvrg.storage.localpome.internal;

import org.openvrg.qemu.storage.BlockLayer;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * One datastore for each factory configuration. Components of a bundle end in the order of their names: this one behind
 * the provider, so that the writeagent has closed the volumes by itself when the datastore closes what is left.
 */
@Component(
        service = StoreComponent.class,
        configurationPid = "org.openvrg.storage.localpome",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = StoreComponent.Config.class, factory = true)
public final class StoreComponent {
    private final Datastore datastore;

    /** Configuration of a datastore. */
    @ObjectClassDefinition(name = "VRG storage LOCALPOME", description = "Image files on a local datastore")
    @interface Config {
        /** Name of the datastore. */
        @AttributeDefinition(description = "URN of the datastore; empty: the default datastore")
        String dsUrn() default "";

        /** Folder. */
        @AttributeDefinition(description = "Absolute path of the folder with the image files")
        String root() default "";

        /** Whether missing volumes are created. */
        @AttributeDefinition(description = "Whether a volume that does not exist is created, sparse")
        boolean create$_$missing() default false;

        /** Whether raw images go through QEMU. */
        @AttributeDefinition(description = "Whether raw images go through QEMU too, which gives trimmed space back")
        boolean punch$_$holes() default false;
    }

    /** Checks the configuration. */
    @Activate
    public StoreComponent(@Reference BlockLayer blocks, Config config) {
        this.datastore = new Datastore(
                Settings.of(config.dsUrn(), config.root(), config.create$_$missing(), config.punch$_$holes()), blocks);
    }

    @Deactivate
    void deactivate() {
        datastore.close();
    }

    Datastore datastore() {
        return datastore;
    }
}
