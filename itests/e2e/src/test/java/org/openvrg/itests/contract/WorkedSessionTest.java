package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Pair;

/** Runs the shell blocks of {@code docs/rest-api.md} as they stand, by bash, against a pair of their own. */
class WorkedSessionTest {
    private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);
    private static final Duration LIMIT = Duration.ofMinutes(4);

    @Test
    void theWorkedSessionOfTheDocumentationWorks() throws Exception {
        String page = Files.readString(Path.of(System.getProperty("vrg.docs"), "rest-api.md"));
        StringBuilder script = new StringBuilder("set -euo pipefail\n");
        int blocks = 0;
        Matcher matcher = BLOCK.matcher(page);
        while (matcher.find()) {
            script.append(matcher.group(1)).append('\n');
            blocks++;
        }
        assertTrue(blocks >= 6, "the page lost its worked session: " + blocks + " blocks");
        try (Pair pair = new Pair("worked-session").patient().start()) {
            Path folder = Files.createDirectory(pair.production().home().resolve("worked-session"));
            Path output = folder.resolve("output.log");
            ProcessBuilder bash = new ProcessBuilder("bash", "-c", script.toString())
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile());
            bash.environment().putAll(environment(pair));
            Process process = bash.start();
            boolean ended = process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor();
            }
            String said = Files.readString(output, StandardCharsets.UTF_8);
            assertTrue(ended, () -> "not within " + LIMIT + ": " + said);
            assertEquals(0, process.exitValue(), () -> said + "\n" + pair.dr().tail());
            assertTrue(said.contains("the DR volume holds every byte"), said);
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
