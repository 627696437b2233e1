package org.openvrg.itests.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Tools;

/**
 * What an appliance uses right now.
 *
 * @param heapBytes used after a garbage collection
 * @param outsideHeapBytes resident memory less the heap that is committed: direct buffers, threads, code
 * @param files open file handles
 * @param threads threads of the process
 * @param diskBytes all files of the appliance but its volumes and its log
 */
record Resources(long heapBytes, long outsideHeapBytes, long files, long threads, long diskBytes) {
    private static final Duration TOOL = Duration.ofSeconds(60);
    private static final Pattern HEAP = Pattern.compile("total (\\d+)K, used (\\d+)K");
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final Pattern THREADS = Pattern.compile("Threads:\\s+(\\d+)");
    private static final long KIB = 1024;

    /** Looks at a running appliance, after a garbage collection. */
    static Resources of(Appliance appliance) throws IOException, InterruptedException {
        String pid = Long.toString(appliance.pid());
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        Tools.succeed(TOOL, List.of(jcmd.toString(), pid, "GC.run"));
        String heap = Tools.succeed(TOOL, List.of(jcmd.toString(), pid, "GC.heap_info"));
        long committed = 0;
        long used = 0;
        Matcher spaces = HEAP.matcher(heap);
        while (spaces.find()) { // one line with some collectors, one for each generation with others
            committed += Long.parseLong(spaces.group(1)) * KIB;
            used += Long.parseLong(spaces.group(2)) * KIB;
        }
        Path process = Path.of("/proc", pid);
        String status = Files.readString(process.resolve("status"));
        long resident = number(RESIDENT, status) * KIB;
        try (Stream<Path> handles = Files.list(process.resolve("fd"))) {
            return new Resources(
                    used,
                    Math.max(0, resident - committed),
                    handles.count(),
                    number(THREADS, status),
                    diskBytes(appliance.home()));
        }
    }

    private static long number(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new AssertionError("no " + pattern + " in " + text);
        }
        return Long.parseLong(matcher.group(1));
    }

    private static long diskBytes(Path home) throws IOException, InterruptedException {
        String output = Tools.run(
                        TOOL,
                        List.of(
                                "du",
                                "--bytes",
                                "--summarize",
                                "--exclude=log",
                                "--exclude=volumes",
                                "--exclude=datastore",
                                home.toString()))
                .output();
        Matcher bytes = Pattern.compile("(?m)^(\\d+)\\s").matcher(output); // files may vanish under it: it tells so
        if (!bytes.find()) {
            throw new AssertionError("du told no size: " + output);
        }
        return Long.parseLong(bytes.group(1));
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "heap %.1f MiB, outside the heap %.1f MiB, %d files, %d threads, disk %.1f MiB",
                heapBytes / 1048576.0,
                outsideHeapBytes / 1048576.0,
                files,
                threads,
                diskBytes / 1048576.0);
    }
}
