package org.openvrg.itests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Single appliances on free ports. Stateless, but for the one that tests share. */
final class Gateway {
    /** Password of the user admin. */
    static final String PASSWORD = "Only-for-tests-1";

    /** Seconds in which a request has to arrive at the shared appliance. */
    static final int REQUEST_SECONDS = 5;

    /** Connections that each port of the shared appliance takes. */
    static final int CONNECTIONS = 64;

    private static Appliance shared;

    private Gateway() {}

    /** One that is started at its first use and runs until the tests end; what a test changes it has to put back. */
    static synchronized Appliance shared() throws IOException, InterruptedException {
        if (shared == null) {
            Appliance made = unpacked("shared");
            made.configure("org.openvrg.https", "request-timeout-seconds", REQUEST_SECONDS);
            made.configure("org.openvrg.https", "max-connections", CONNECTIONS);
            made.start();
            shared = made;
        }
        return shared;
    }

    /** One that does not run yet. */
    static Appliance unpacked(String name) throws IOException, InterruptedException {
        Path folder = Path.of(System.getProperty("vrg.work"), name + "-" + UUID.randomUUID());
        Files.createDirectories(folder);
        Path password = Files.writeString(folder.resolve("admin-password"), PASSWORD);
        int[] ports = Ports.free(4);
        Appliance made = new Appliance(folder.resolve("appliance"), ports[0], PASSWORD);
        made.configure("org.ops4j.pax.web", "org.ops4j.pax.web.listening.addresses", "127.0.0.1");
        made.configure("org.ops4j.pax.web", "org.osgi.service.http.port", ports[0]);
        made.configure("org.openvrg.nbd", "port", ports[1]);
        made.configure("org.openvrg.link", "port", ports[2]);
        made.configure("org.openvrg.writeagent", "port", ports[3]);
        made.configure("org.openvrg.writeagent", "directory", "${karaf.data}/writeagent");
        made.configure("org.openvrg.control", "database", "${karaf.data}/control/vrg.db");
        made.configure("org.openvrg.control", "admin-password-file", password);
        return made;
    }
}
