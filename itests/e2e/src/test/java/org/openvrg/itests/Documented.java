package org.openvrg.itests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs the commands of the documentation as they stand. Stateless. */
public final class Documented {
    private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);

    private Documented() {}

    /** The shell blocks of a page, in order. */
    public static List<String> blocks(String page) throws IOException {
        List<String> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(Files.readString(Path.of(System.getProperty("vrg.docs"), page)));
        while (matcher.find()) {
            blocks.add(matcher.group(1));
        }
        return blocks;
    }

    /**
     * Runs commands in one bash, to the first that fails; any exit code is an answer.
     *
     * @param folder where they run, and where what they say is kept
     * @param environment what a reader has set before
     */
    public static Tools.Result run(Duration limit, Path folder, Map<String, String> environment, String commands)
            throws IOException, InterruptedException {
        Path output = Files.createTempFile(folder, "commands", ".log");
        ProcessBuilder bash = new ProcessBuilder("bash", "-c", "set -euo pipefail\n" + commands)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        bash.environment().putAll(environment);
        Process process = bash.start();
        boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        if (!ended) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        String said = Files.readString(output, StandardCharsets.UTF_8);
        if (!ended) {
            throw new AssertionError("not within " + limit + ": " + said);
        }
        return new Tools.Result(process.exitValue(), said);
    }
}
