package org.openvrg.fuzz;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs one target in a process of its own under Jazzer, with bounds on its heap, its direct memory and the time of one
 * input; passing one of them is a finding like any other failure.
 */
final class Fuzzer {
    /** Where the inputs are kept that are worth it. */
    static final Path KEPT = Path.of("src", "test", "corpus");

    private static final long HEAP_MEBIBYTES = 256;
    private static final long DIRECT_MEBIBYTES = 64;
    private static final long INPUT_SECONDS = 60;
    private static final long MOST_INPUT_BYTES = 16 * 1024;
    private static final long GRACE_SECONDS = 120;
    /** Below, the process is compiled quickly rather than well. */
    private static final long QUICK_START_SECONDS = 60;

    /** Inputs of a short form, the kept ones among them. */
    private static final int QUICK_RUNS = 2_000;

    private static final Pattern LINE =
            Pattern.compile("#(\\d+)\\s+\\w+\\s+cov: (\\d+) ft: (\\d+) corp: (\\d+).*? rss: (\\d+)Mb.*");

    private final Target target;
    private final Path work;

    Fuzzer(Target target) {
        this.target = target;
        this.work = Path.of("target", "fuzz", target.text()).toAbsolutePath();
    }

    /** What a run came to. */
    record Outcome(int exitCode, long executions, long coverage, long features, long peakMebibytes, List<String> tail) {
        boolean isClean() {
            return exitCode == 0;
        }
    }

    /** The folder with the kept inputs of the target. */
    Path kept() {
        return KEPT.toAbsolutePath().resolve(target.text());
    }

    /** Fuzzes for some time, from the kept inputs on; what is found that is new stands in a folder below target/. */
    Outcome run(long seconds) throws IOException, InterruptedException {
        Path found = Files.createDirectories(work.resolve("corpus"));
        List<String> arguments = new ArrayList<>();
        arguments.add("-max_total_time=" + seconds);
        boolean quickStart = seconds < QUICK_START_SECONDS;
        if (quickStart) {
            // the same inputs in every run: what is new is for the long form to find
            arguments.add("-seed=1");
            arguments.add("-runs=" + QUICK_RUNS);
        }
        arguments.add("-artifact_prefix=" + work + "/");
        arguments.add(found.toString());
        arguments.add(Files.createDirectories(kept()).toString());
        return jazzer(arguments, quickStart, seconds + GRACE_SECONDS);
    }

    /** Replaces the kept inputs by the fewest that reach all that they and the new ones reach. */
    Outcome keep() throws IOException, InterruptedException {
        Path merged = work.resolve("merged");
        empty(merged);
        Path found = Files.createDirectories(work.resolve("corpus"));
        Outcome outcome = jazzer(
                List.of(
                        "-merge=1",
                        "-artifact_prefix=" + work + "/",
                        merged.toString(),
                        kept().toString(),
                        found.toString()),
                false,
                GRACE_SECONDS * 10);
        if (outcome.isClean()) {
            empty(kept());
            for (Path input : files(merged)) {
                Files.copy(input, kept().resolve(input.getFileName()));
            }
        }
        return outcome;
    }

    private Outcome jazzer(List<String> arguments, boolean quickStart, long mostSeconds)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "-Xmx" + HEAP_MEBIBYTES + "m",
                "-XX:MaxDirectMemorySize=" + DIRECT_MEBIBYTES + "m",
                "-XX:+UseSerialGC",
                quickStart ? "-XX:TieredStopAtLevel=1" : "-XX:+TieredCompilation",
                "-XX:-OmitStackTraceInFastThrow",
                "-Dio.netty.maxDirectMemory=0",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target.className(),
                "--instrumentation_includes=org.openvrg.**",
                // its checks for dangerous calls stay out of the libraries: they fail in the class initialisers of
                // Netty
                "--custom_hook_includes=org.openvrg.**",
                "--reproducer_path=" + work,
                "-timeout=" + INPUT_SECONDS,
                "-max_len=" + MOST_INPUT_BYTES,
                "-use_value_profile=1",
                "-rss_limit_mb=0",
                "-print_final_stats=1"));
        command.addAll(arguments);
        Path log = work.resolve("log.txt");
        Process process = new ProcessBuilder(command)
                .directory(work.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            if (!process.waitFor(mostSeconds, TimeUnit.SECONDS)) {
                throw new AssertionError(target.text() + " did not end within " + mostSeconds + " s; see " + log);
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        return outcome(process.exitValue(), log);
    }

    private static Outcome outcome(int exitCode, Path log) throws IOException {
        long executions = 0;
        long coverage = 0;
        long features = 0;
        long peak = 0;
        List<String> tail = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(log, StandardCharsets.ISO_8859_1)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher matcher = LINE.matcher(line);
                if (matcher.matches()) {
                    executions = Long.parseLong(matcher.group(1));
                    coverage = Long.parseLong(matcher.group(2));
                    features = Long.parseLong(matcher.group(3));
                    peak = Math.max(peak, Long.parseLong(matcher.group(5)));
                } else {
                    tail.add(line);
                    if (tail.size() > 60) {
                        tail.remove(0);
                    }
                }
            }
        }
        return new Outcome(exitCode, executions, coverage, features, peak, List.copyOf(tail));
    }

    /** The files of a folder, sorted; none when there is no such folder. */
    static List<Path> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static void empty(Path folder) throws IOException {
        Files.createDirectories(folder);
        for (Path file : files(folder)) {
            Files.delete(file);
        }
    }
}
