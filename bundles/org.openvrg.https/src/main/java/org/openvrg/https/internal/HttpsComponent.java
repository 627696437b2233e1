package org.openvrg.https.internal;

import java.util.Optional;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.handler.AbstractHandler;
import org.openvrg.api.service.AlarmService;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * Wires HTTPS into the web server of the container.
 *
 * <p>A change of the configuration is taken up in place: a handler that goes or comes makes the container start its
 * server anew.
 */
@Component(
        service = Handler.class,
        immediate = true,
        configurationPid = "org.openvrg.https",
        configurationPolicy = ConfigurationPolicy.REQUIRE,
        property = "service.ranking:Integer=2")
@Designate(ocd = HttpsComponent.Config.class)
public final class HttpsComponent extends WebServerHandler {

    /** Configuration {@code org.openvrg.https}. */
    @ObjectClassDefinition(name = "VRG HTTPS")
    @interface Config {
        @AttributeDefinition(description = "Whether HTTPS is served")
        boolean enabled() default true;

        @AttributeDefinition(description = "IP address to listen on")
        String address() default "127.0.0.1";

        @AttributeDefinition(description = "TCP port")
        int port() default 8443;

        @AttributeDefinition(description = "Folder of the certificate that is made at first start")
        String directory();

        @AttributeDefinition(description = "PKCS#12 file with key and certificate; empty: they are made")
        String keystore$_$file() default "";

        @AttributeDefinition(description = "File with the password of keystore-file")
        String keystore$_$password$_$file() default "";

        @AttributeDefinition(description = "Further DNS names and IP addresses in a certificate that is made")
        String names() default "";

        @AttributeDefinition(description = "Days that a certificate that is made holds, 1..36500")
        int validity$_$days() default 3650;

        @AttributeDefinition(description = "Connections to each port, 1..10000")
        int max$_$connections() default 256;

        @AttributeDefinition(description = "Silence after which a connection is closed, 1..3600")
        int idle$_$timeout$_$seconds() default 30;

        @AttributeDefinition(description = "Longest time that a request may take to arrive, 1..3600")
        int request$_$timeout$_$seconds() default 30;
    }

    /** Starts. */
    @Activate
    public HttpsComponent(Config config) {
        super(Settings.of(config));
    }

    /** Takes up a new configuration; one that is not valid is logged, and the old one stays. */
    @Modified
    void modified(Config config) {
        change(Settings.of(config));
    }

    /** Alarms can be told. */
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, unbind = "unbindAlarms")
    void bindAlarms(AlarmService arrived) {
        alarms(Optional.of(arrived));
    }

    /** Alarms can't be told. */
    void unbindAlarms(AlarmService gone) {
        withoutAlarms(gone);
    }

    /** A handler of another bundle takes part; of this type, as the container starts its server anew for the other. */
    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, unbind = "unbindGuest")
    void bindGuest(AbstractHandler arrived) {
        join(arrived);
    }

    /** A handler of another bundle goes. */
    void unbindGuest(AbstractHandler gone) {
        part(gone);
    }

    @Override
    @Deactivate
    public void close() {
        super.close();
    }
}
