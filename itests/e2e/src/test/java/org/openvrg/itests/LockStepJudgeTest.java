package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge of the lock-step tests sees what it is there to see. */
class LockStepJudgeTest {
    private static final int LAST = 100;

    @TempDir
    private Path folder;

    @Test
    void acceptsEveryPrefix() throws IOException {
        assertEquals(new LockStep.Position(0, 4), judge(disk(0, 0), disk(0, 0)));
        assertEquals(new LockStep.Position(5, 1), judge(disk(5, 4), disk(4, 4)));
        assertEquals(new LockStep.Position(5, 2), judge(disk(5, 5), disk(4, 4)));
        assertEquals(new LockStep.Position(5, 3), judge(disk(5, 5), disk(5, 4)));
        assertEquals(new LockStep.Position(40_000, 4), judge(disk(40_000, 40_000), disk(40_000, 40_000)));
    }

    @Test
    void refusesWhatIsNoPrefix() throws IOException {
        assertRefused(disk(5, 5), disk(6, 5));
        assertRefused(disk(5, 5), disk(3, 3));
        assertRefused(disk(5, 4), disk(5, 5));
        assertRefused(disk(5, 4), disk(5, 4));
        assertRefused(changed(50, 0), disk(LAST, LAST));
        assertRefused(changed(LAST + 2, LAST + 2), disk(LAST, LAST));
        assertRefused(disk(LAST, LAST), changed(50, 49));
    }

    private void assertRefused(byte[] a, byte[] b) {
        assertThrows(AssertionError.class, () -> judge(a, b));
    }

    private LockStep.Position judge(byte[] a, byte[] b) throws IOException {
        Path diskA = Files.write(folder.resolve("a"), a);
        Path diskB = Files.write(folder.resolve("b"), b);
        return LockStep.judge(diskA, diskB, "test");
    }

    /** A disk with all numbers up to the last, but with another one in the last word of the block of one. */
    private static byte[] changed(long number, long found) {
        byte[] disk = disk(LAST, LAST);
        ByteBuffer.wrap(disk).putLong((int) LockStep.place(number) + LockStep.BLOCK_BYTES - Long.BYTES, found);
        return disk;
    }

    private static byte[] disk(long counter, long history) {
        byte[] disk = new byte[LockStep.DISK_BYTES];
        LockStep.block(counter).get(disk, 0, LockStep.BLOCK_BYTES);
        for (long number = 1; number <= history; number++) {
            LockStep.block(number).get(disk, (int) LockStep.place(number), LockStep.BLOCK_BYTES);
        }
        return disk;
    }
}
