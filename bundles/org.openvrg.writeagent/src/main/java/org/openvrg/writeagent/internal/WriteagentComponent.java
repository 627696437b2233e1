package org.openvrg.writeagent.internal;

import java.util.Map;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.service.Identity;
import org.openvrg.api.storage.StorageProvider;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The writeagent, once it is configured. */
@Component(
        service = WriteagentComponent.class,
        immediate = true,
        configurationPid = "org.openvrg.writeagent",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = WriteagentComponent.Config.class)
public final class WriteagentComponent {
    private final Writeagent agent;

    /** Configuration of the writeagent. */
    @ObjectClassDefinition(name = "VRG writeagent", description = "Writes standby volumes on a DR host")
    @interface Config {
        /** Address. */
        @AttributeDefinition(description = "Address at which gateways connect")
        String address() default "127.0.0.1";

        /** Port. */
        @AttributeDefinition(description = "Port at which gateways connect")
        int port() default 7100;

        /** State folder. */
        @AttributeDefinition(description = "Folder in which the agent keeps how far each VM is")
        String directory() default "";

        /** Fingerprints. */
        @AttributeDefinition(description = "SHA-256 fingerprints of gateways that may use the agent, comma-separated")
        String trusted$_$fingerprints() default "";

        /** Secret. */
        @AttributeDefinition(description = "File with the pairing secret; gateways that know it may use the agent")
        String pairing$_$secret$_$file() default "";
    }

    /** Checks the configuration and starts to listen. */
    @Activate
    public WriteagentComponent(@Reference Identity identity, Config config) throws java.io.IOException, LinkException {
        this.agent = new Writeagent(
                identity,
                Settings.of(
                        config.address(),
                        config.port(),
                        config.directory(),
                        config.trusted$_$fingerprints(),
                        config.pairing$_$secret$_$file()));
    }

    @Deactivate
    void deactivate() {
        agent.close();
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addProvider(StorageProvider provider, Map<String, Object> properties) {
        agent.addProvider(volType(properties), provider);
    }

    void removeProvider(StorageProvider provider, Map<String, Object> properties) {
        agent.removeProvider(volType(properties), provider);
    }

    private static String volType(Map<String, Object> properties) {
        return String.valueOf(properties.get(StorageProvider.VOL_TYPE));
    }
}
