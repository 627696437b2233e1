package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Documented;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Tools;

/** Runs the shell blocks of {@code docs/rest-api.md} as they stand, by bash, against a pair of their own. */
class WorkedSessionTest {
    private static final Duration LIMIT = Duration.ofMinutes(4);

    @Test
    void theWorkedSessionOfTheDocumentationWorks() throws Exception {
        List<String> blocks = Documented.blocks("rest-api.md");
        assertTrue(blocks.size() >= 6, "the page lost its worked session: " + blocks.size() + " blocks");
        try (Pair pair = new Pair("worked-session").patient().start()) {
            Path folder = Files.createDirectory(pair.production().home().resolve("worked-session"));
            Tools.Result session = Documented.run(LIMIT, folder, environment(pair), String.join("\n", blocks));
            assertEquals(
                    0, session.code(), () -> session.output() + "\n" + pair.dr().tail());
            assertTrue(session.output().contains("the DR volume holds every byte"), session.output());
        }
    }

    /** What a reader sets, and the ports, which are not the usual ones here. */
    private static Map<String, String> environment(Pair pair) {
        return Map.of(
                "password", pair.production().password(),
                "production_home", pair.production().home().toString(),
                "dr_home", pair.dr().home().toString(),
                "production", "http://127.0.0.1:" + pair.production().httpPort() + Client.BASE,
                "dr", "http://127.0.0.1:" + pair.dr().httpPort() + Client.BASE,
                "dr_link_port", Integer.toString(pair.linkToDr().port()),
                "production_link_port", Integer.toString(pair.linkToProduction().port()),
                "agent_port", Integer.toString(pair.agent().port()),
                "nbd_port", Integer.toString(pair.nbdAddress().getPort()));
    }
}
