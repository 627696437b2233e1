package org.openvrg.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * New inputs, made by a fuzzer that watches which code they reach. {@code fuzz.seconds} is the time for each target of
 * the long form, {@code fuzz.targets} names some with commas, {@code fuzz.keep} takes what is new into the kept inputs.
 */
class FuzzTest {
    private static final long SHORT_SECONDS = 3;

    static Stream<Target> targets() {
        List<Target> chosen = Target.named(System.getProperty("fuzz.targets", ""));
        return chosen.stream();
    }

    @ParameterizedTest
    @MethodSource("targets")
    void findsNothingInAShortTime(Target target) throws Exception {
        fuzz(target, SHORT_SECONDS);
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource("targets")
    void findsNothingInALongTime(Target target) throws Exception {
        fuzz(target, Long.getLong("fuzz.seconds", 600));
        if (Boolean.getBoolean("fuzz.keep")) {
            assertTrue(
                    new Fuzzer(target).keep().isClean(), "the kept inputs of " + target.text() + " were not reduced");
        }
    }

    private static void fuzz(Target target, long seconds) throws IOException, InterruptedException {
        Fuzzer.Outcome outcome = new Fuzzer(target).run(seconds);
        System.out.println(String.format(
                Locale.ROOT,
                "fuzz %-15s %4d s %10d inputs, coverage %5d, features %6d, at most %d MiB resident, exit code %d",
                target.text(),
                seconds,
                outcome.executions(),
                outcome.coverage(),
                outcome.features(),
                outcome.peakMebibytes(),
                outcome.exitCode()));
        assertTrue(outcome.isClean(), () -> target.text() + " found:\n" + String.join("\n", outcome.tail()));
        assertTrue(outcome.executions() > 0, () -> "no input was tried:\n" + String.join("\n", outcome.tail()));
    }
}
