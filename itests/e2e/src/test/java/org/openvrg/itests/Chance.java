package org.openvrg.itests;

import java.time.Duration;
import java.util.Random;

/**
 * Chance of a fault test: instants and places come from a seed that the log tells, so that a history can be repeated
 * with {@code -Dvrg.seed=N}. Not thread-safe.
 */
public final class Chance {
    private static final System.Logger LOG = System.getLogger(Chance.class.getName());

    /** How many times more rounds a long run makes. */
    private static final int LONG = 5;

    private final long seed;
    private final Random random;

    /** Takes the seed from {@code vrg.seed}, else from the clock, and tells it. */
    public Chance(String test) {
        seed = Long.getLong("vrg.seed", System.nanoTime());
        random = new Random(seed);
        LOG.log(System.Logger.Level.INFO, "{0}: -Dvrg.seed={1}", test, Long.toString(seed));
    }

    /** The seed. */
    public long seed() {
        return seed;
    }

    /** A number that has something to do with the seed. */
    public long number() {
        return random.nextLong();
    }

    /** A time between the two, the second not included. */
    public Duration between(Duration least, Duration most) {
        return least.plusNanos((long) (random.nextDouble() * (most.toNanos() - least.toNanos())));
    }

    /** How many rounds to make: {@code vrg.rounds}, else the number given, more of them in a long run. */
    public static int rounds(int usual) {
        return Integer.getInteger("vrg.rounds", wholeRun() ? LONG * usual : usual);
    }

    /** Whether this is a long run. */
    public static boolean wholeRun() {
        return System.getProperty("test.excluded", "long").isEmpty();
    }

    /** Tells a figure that a test found out. */
    @SuppressWarnings("AnnotateFormatMethod") // the annotation would need a library of its own
    public static void tell(String format, Object... values) {
        LOG.log(System.Logger.Level.INFO, () -> String.format(format, values));
    }

    @Override
    public String toString() {
        return "seed " + seed;
    }
}
