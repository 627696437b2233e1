package org.openvrg.platform.xen;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** One Xen host for each factory configuration. */
@Component(
        service = XenHostComponent.class,
        configurationPid = "org.openvrg.platform.xen.host",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = XenHostComponent.Config.class, factory = true)
public final class XenHostComponent {
    private final XenHost host;

    /** Configuration of a host. */
    @ObjectClassDefinition(name = "VRG Xen host", description = "A Xen host whose guests can be protected")
    @interface Config {
        /** Name. */
        @AttributeDefinition(description = "What messages call the host")
        String name() default "";

        /** Command. */
        @AttributeDefinition(
                description = "Words before a command that make it run in dom0, an ssh call for example;"
                        + " empty: the gateway runs in dom0")
        String command() default "";

        /** Monitor. */
        @AttributeDefinition(
                description = "Path in dom0 of the monitor of a domain's QEMU, with {domid} for its number")
        String qmp$_$socket() default HostSettings.DEFAULT_MONITOR;

        /** Monitor of the guard. */
        @AttributeDefinition(description = "Path in dom0 of another monitor of that QEMU, for the guard; empty: none")
        String guard$_$socket() default HostSettings.LIBXL_MONITOR;

        /** Folder. */
        @AttributeDefinition(description = "Folder for sockets, here and in dom0; created where missing")
        String socket$_$folder() default "/run/vrg-xen";

        /** Pause. */
        @AttributeDefinition(description = "Milliseconds between two looks at the host's domains")
        long poll$_$millis() default 5_000;
    }

    /** Checks the configuration and begins to look at the host. */
    @Activate
    public XenHostComponent(Config config) {
        this.host = new XenHost(new HostSettings(
                config.name(),
                HostSettings.words(config.command()),
                config.qmp$_$socket().trim(),
                Optional.of(config.guard$_$socket().trim()).filter(path -> !path.isEmpty()),
                Path.of(config.socket$_$folder().trim()),
                Duration.ofMillis(config.poll$_$millis())));
    }

    @Deactivate
    void deactivate() {
        host.close();
    }

    XenHost host() {
        return host;
    }
}
