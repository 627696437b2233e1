package org.openvrg.itests.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Pair;

/**
 * What plug-ins that come and go at the DR side do to the rest, from its making on: which connections of the pair were
 * made anew, and which bundles the framework installed, resolved, started, stopped or refreshed. Not thread-safe.
 */
final class Witness {
    private static final System.Logger LOG = System.getLogger(Witness.class.getName());
    private static final String EVENT = "BundleEvent ";

    private final Pair pair;
    private final int logLength;
    private final List<Long> connections;

    /** Begins, with a pair that runs. */
    Witness(Pair pair) throws IOException {
        this.pair = pair;
        this.logLength = pair.dr().log().length();
        this.connections = connections();
    }

    /** Has the log tell of every event of a bundle, with its name at the end of the line. Before the start. */
    static void tellBundleEvents(Appliance appliance) throws IOException {
        Path etc = appliance.home().resolve("etc");
        Files.writeString(
                etc.resolve("custom.system.properties"),
                "\norg.ops4j.pax.logging.service.frameworkEventsLogLevel = INFO\n",
                StandardOpenOption.APPEND);
        Files.writeString(
                etc.resolve("org.ops4j.pax.logging.cfg"),
                """

                log4j2.logger.services.name = Events.Service
                log4j2.logger.services.level = ERROR
                log4j2.appender.file.layout.pattern = %d{ISO8601} | %-5p | %c{2} | %m | %X{bundle.name}%n
                """,
                StandardOpenOption.APPEND);
    }

    /** The log since then. */
    String log() throws IOException {
        return pair.dr().log().substring(logLength);
    }

    /** Fails if a connection was made anew, or the framework touched other bundles than these; tells the list. */
    void assertOnlyTouched(Set<String> plugIns) throws IOException {
        assertEquals(
                connections,
                connections(),
                () -> "a connection was lost\n" + pair.production().tail()
                        + pair.dr().tail());
        Set<String> touched = new TreeSet<>();
        List<String> events = new ArrayList<>();
        log().lines().forEach(line -> {
            int at = line.indexOf(EVENT);
            if (at >= 0) {
                events.add(line.substring(at));
                touched.add(line.replaceFirst(".*\\| ", ""));
            }
        });
        LOG.log(Level.INFO, events.size() + " bundle events:\n" + String.join("\n", events));
        assertEquals(plugIns, touched, () -> String.join("\n", events));
    }

    /** How often connections were made on the three paths, and how many are open. */
    private List<Long> connections() {
        return List.of(
                pair.linkToDr().connections(),
                pair.linkToProduction().connections(),
                pair.agent().connections(),
                (long) pair.linkToDr().openConnections()
                        + pair.linkToProduction().openConnections()
                        + pair.agent().openConnections());
    }
}
