package org.openvrg.itests.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Await;
import org.openvrg.itests.Documented;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Tools;

/**
 * Does what {@code docs/spi.md} tells the author of a storage plug-in: its shell blocks as they stand, by bash, with a
 * home folder of its own. The plug-in that comes out of it replicates a VM at a pair that runs already.
 */
class PluginAuthorTest {
    private static final System.Logger LOG = System.getLogger(PluginAuthorTest.class.getName());
    private static final Pattern RAN = Pattern.compile("Tests run: (\\d+), Failures: 0, Errors: 0, Skipped: 0");
    private static final Duration LIMIT = Duration.ofMinutes(8);
    private static final Duration TOOL = Duration.ofMinutes(2);
    private static final Duration SOON = Duration.ofMinutes(1);

    /** Blocks of the page: five make, test and deploy the plug-in, the last one takes it away. */
    private static final int MAKING = 5;

    /** As many tests as the contract has, or more. */
    private static final int CONTRACT_TESTS = 18;

    private Path work;

    @Test
    void followingTheDocumentationGivesAPlugInThatWorks() throws IOException, InterruptedException, StorageException {
        List<String> blocks = Documented.blocks("spi.md");
        assertEquals(MAKING + 1, blocks.size(), () -> "shell blocks of the page: " + blocks);
        try (Pair pair = new Pair("plugin-author").patient().start()) {
            work = Files.createDirectory(pair.dr().home().resolve("author"));
            repository();
            Witness witness = new Witness(pair);
            long begin = System.nanoTime();
            Tools.Result made = run(pair, String.join("\n", blocks.subList(0, MAKING)));
            assertEquals(0, made.code(), made::output);
            int tests = testsRun(made.output());
            assertTrue(tests >= CONTRACT_TESTS, made::output);
            awaitLog(witness, "Storage provider for EXAMPLE arrived");
            long deployed = millisSince(begin);
            try (Standby vm = new Standby(pair, "EXAMPLE", "disk1", Map.of())) {
                pair.awaitInStep(vm.vm());
                LOG.log(
                        Level.INFO,
                        tests + " tests of the contract ran; from the first command " + deployed
                                + " ms to the plug-in deployed, " + millisSince(begin)
                                + " ms to its first VM in state 1");
                vm.begin().load().awaitMore(100);
                vm.finish(pair.dr().home().resolve("data/example-storage/disk1"), () -> {});
            }
            assertEquals(0, run(pair, blocks.get(MAKING)).code());
            awaitLog(witness, "Storage provider for EXAMPLE is gone");
            theContractFindsAMistake(pair);
            noTestsIsAFailure(pair);
        }
    }

    /** An author who forgets the generation of the owner. */
    private void theContractFindsAMistake(Pair pair) throws IOException, InterruptedException {
        Path store = work.resolve("example-storage/src/main/java/com/example/storage/FolderStore.java");
        String right = Files.readString(store);
        String wrong = right.replace("name, owner)", "name, new Ownership(owner.vrgUuid(), 1))");
        assertNotEquals(right, wrong, "what is to be made wrong is there");
        Files.writeString(store, wrong);
        Tools.Result result = run(pair, "cd example-storage\nmvn -B -ntp verify");
        Files.writeString(store, right);
        assertNotEquals(0, result.code(), result::output);
        assertTrue(result.output().contains("aLaterGenerationTakesOverAndAnEarlierIsRefused"), result::output);
        LOG.log(Level.INFO, "the contract refused a plug-in that forgets the generation of the owner");
    }

    private void noTestsIsAFailure(Pair pair) throws IOException, InterruptedException {
        Tools.Result result = run(pair, "cd example-storage\nrm -r src/test target/test-classes\nmvn -B -ntp verify");
        assertNotEquals(0, result.code(), result::output);
        assertTrue(result.output().contains("No tests"), result::output);
    }

    /**
     * The author's Maven repository: links to what this build's has, so that nothing is fetched again and nothing of
     * ours is left there.
     */
    private void repository() throws IOException, InterruptedException {
        Path own = Files.createDirectories(repositoryPath());
        Tools.succeed(TOOL, List.of("cp", "-as", System.getProperty("vrg.repository") + "/.", own.toString()));
        Tools.succeed(TOOL, List.of("rm", "-rf", own.resolve("org/openvrg").toString()));
    }

    private Path repositoryPath() {
        return work.resolve(".m2/repository");
    }

    private Tools.Result run(Pair pair, String commands) throws IOException, InterruptedException {
        // Maven takes the home of the account, whatever HOME says
        String options = System.getenv().getOrDefault("MAVEN_OPTS", "") + " -Dmaven.repo.local=" + repositoryPath();
        Map<String, String> environment = Map.of(
                "HOME", work.toString(),
                "MAVEN_OPTS", options.strip(),
                "appliance", pair.dr().home().toString());
        return Documented.run(LIMIT, work, environment, commands);
    }

    private static int testsRun(String output) {
        int most = 0;
        Matcher matcher = RAN.matcher(output);
        while (matcher.find()) {
            most = Math.max(most, Integer.parseInt(matcher.group(1)));
        }
        return most;
    }

    private static void awaitLog(Witness witness, String text) {
        Await.until(
                SOON, () -> "\"" + text + "\" in the log", () -> witness.log().contains(text));
    }

    private static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }
}
