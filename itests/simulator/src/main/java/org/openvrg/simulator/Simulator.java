package org.openvrg.simulator;

import java.io.PrintStream;
import java.util.Optional;

/** Runs seeds; the first that breaks a promise ends it. Stateless. */
public final class Simulator {
    private static final int SHOWN_LINES = 120;

    private Simulator() {}

    /** What became of a seed. */
    public record Outcome(long seed, long events, Optional<Throwable> failure) {}

    /** Runs one seed. */
    public static Outcome run(long seed) {
        Run run = new Run(seed, false);
        try {
            run.go();
            return new Outcome(seed, run.sim().executedEvents(), Optional.empty());
        } catch (Violation | RuntimeException e) {
            run.abandon();
            return new Outcome(seed, run.sim().executedEvents(), Optional.of(e));
        }
    }

    /** Runs seeds until one fails, as many at once as there are processors; what the failed one says, or nothing. */
    public static String firstFailure(long seed, long runs) {
        return new Seeds(seed, runs)
                .run()
                .map(outcome ->
                        "seed " + outcome.seed() + ": " + outcome.failure().orElseThrow())
                .orElse("");
    }

    /** Runs one seed again and prints what happens in it. */
    public static Outcome show(long seed, PrintStream out, int lines) {
        Run run = new Run(seed, true);
        Optional<Throwable> failure = Optional.empty();
        try {
            run.go();
        } catch (Violation | RuntimeException e) {
            failure = Optional.of(e);
        }
        java.util.List<String> trace = new java.util.ArrayList<>();
        run.sim().trace().forEach(trace::add);
        trace.subList(Math.max(0, trace.size() - lines), trace.size()).forEach(out::println);
        return new Outcome(seed, run.sim().executedEvents(), failure);
    }

    /** {@code --seed N --runs M}; {@code --trace} prints what happens. */
    public static void main(String[] arguments) {
        long seed = 1;
        long runs = 1000;
        int lines = SHOWN_LINES;
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            long value = Long.parseLong(arguments[i + 1]);
            switch (arguments[i]) {
                case "--seed" -> seed = value;
                case "--runs" -> runs = value;
                case "--trace" -> lines = (int) value;
                default -> throw new IllegalArgumentException("simulate knows --seed, --runs and --trace");
            }
        }
        long begun = System.nanoTime();
        Seeds seeds = new Seeds(seed, runs);
        Optional<Outcome> failed = seeds.run();
        if (failed.isPresent()) {
            Outcome outcome = failed.get();
            System.out.println("seed " + outcome.seed() + " breaks a promise; the last of what happened:");
            show(outcome.seed(), System.out, lines);
            System.out.println(
                    "seed " + outcome.seed() + ": " + outcome.failure().get());
            outcome.failure().get().printStackTrace(System.out);
            System.out.println("again: ./vrg simulate --seed " + outcome.seed() + " --runs 1");
            System.exit(1);
        }
        System.out.printf(
                "%d seeds from %d, none fails; %d events in %.1f s%n",
                runs, seed, seeds.events(), (System.nanoTime() - begun) / 1e9);
    }
}
