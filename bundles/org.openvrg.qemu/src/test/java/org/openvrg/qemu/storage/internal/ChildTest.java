package org.openvrg.qemu.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    /** A daemon that was asked to end closes its images: it must not be killed meanwhile, and may say what went wrong. */
    @Test
    void mayEndInItsOwnWayWhenItIsAskedTo() throws Exception {
        String script = "trap 'sleep 1; echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
        Child child = start(List.of("sh", "-c", script));
        awaitWords(child, "ready");
        child.terminate();
        assertEquals(Optional.of(3), child.await(LONG));
        assertTrue(child.lastWords().endsWith("bye"), child.lastWords());
        assertFalse(Files.exists(folder.resolve("own")), "its folder goes with it");
    }

    @Test
    void isKilledWhateverItDoes() throws Exception {
        Child child = start(List.of("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"));
        awaitWords(child, "ready");
        child.terminate();
        assertTrue(child.lives());
        child.kill();
        assertEquals(Optional.of(137), child.await(LONG));
        assertFalse(child.lives());
    }

    @Test
    void keepsTheEndOfWhatItSays() throws Exception {
        Child child = start(List.of("sh", "-c", "yes 0123456789 | head -n 100000; echo the end"));
        assertEquals(Optional.of(0), child.await(LONG));
        assertTrue(child.lastWords().endsWith("the end"));
        assertTrue(child.lastWords().length() <= 4096);
    }

    @Test
    void whatIsMissingEndsWithTheShellsCode() throws Exception {
        Child child = start(List.of("no-such-program"));
        assertEquals(Optional.of(127), child.await(LONG));
        assertTrue(child.lastWords().contains("no-such-program"), child.lastWords());
    }

    private Child start(List<String> command) throws Exception {
        return Child.start("test", Files.createDirectory(folder.resolve("own")), command);
    }

    private static void awaitWords(Child child, String words) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!child.lastWords().contains(words)) {
            assertTrue(System.nanoTime() - deadline < 0, child.lastWords());
            LockSupport.parkNanos(1_000_000);
        }
    }
}
