package org.openvrg.storage.dsware.internal;

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
 * One cluster for each factory configuration. Components of a bundle end in the order of their names: this one behind the
 * provider, so that the writeagent has closed the volumes by itself when the cluster closes what is left.
 */
@Component(
        service = RbdComponent.class,
        configurationPid = "org.openvrg.storage.dsware",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = RbdComponent.Config.class, factory = true)
public final class RbdComponent {
    private final Cluster store;

    /** Configuration of a cluster. */
    @ObjectClassDefinition(name = "VRG storage DSWARE", description = "Images in pools of a Ceph cluster")
    @interface Config {
        /** URN of the cluster; empty: the default one. */
        @AttributeDefinition(description = "URN of the cluster; empty: the default one")
        String dsUrn() default "";

        /** Values of dsMgntIp that mean this cluster; empty: any. */
        @AttributeDefinition(description = "Values of dsMgntIp that mean this cluster; empty: any, separated by commas")
        String management$_$addresses() default "";

        /** Monitors of the cluster, host or host:port. */
        @AttributeDefinition(description = "Monitors of the cluster, host or host:port, separated by commas")
        String monitors() default "";

        /** Pools that may be used, dsResourceId=pool. */
        @AttributeDefinition(description = "Pools that may be used, dsResourceId=pool, separated by commas")
        String pools() default "";

        /** Ceph user, without client. in front. */
        @AttributeDefinition(description = "Ceph user, without client. in front")
        String user() default "";

        /** File with the key of the user. */
        @AttributeDefinition(description = "File with the key of the user")
        String key$_$file() default "";

        /** Whether an image that does not exist is created. */
        @AttributeDefinition(description = "Whether an image that does not exist is created")
        boolean create$_$missing() default false;
    }

    /** Checks the configuration. */
    @Activate
    public RbdComponent(@Reference BlockLayer blocks, Config config) {
        this.store = new Cluster(
                Settings.of(
                        config.dsUrn(),
                        config.management$_$addresses(),
                        config.monitors(),
                        config.pools(),
                        config.user(),
                        config.key$_$file(),
                        config.create$_$missing()),
                blocks);
    }

    @Deactivate
    void deactivate() {
        store.close();
    }

    Cluster store() {
        return store;
    }
}
