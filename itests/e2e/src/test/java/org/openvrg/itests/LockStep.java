package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.openvrg.api.failure.StorageException;
import org.openvrg.nbd.client.NbdClient;

/**
 * An NBD client that writes two disks of one VM in lock-step, and the judge of what a copy of the two has to look like.
 *
 * <p>For n = 1, 2, … it writes n to the first block of disk A, then n to a block of A whose place depends on n, then
 * both to disk B, each after the one before was answered. So a pair of disks tells exactly how far in the history it
 * is, and whether anything of the history is missing or too much. A block holds the number 64 times.
 *
 * <p>One thread starts and stops it; {@link #answered} may be asked by any.
 */
public final class LockStep implements AutoCloseable {
    /** Size of either disk. */
    public static final int DISK_BYTES = 16 << 20;

    /** Size of a write. */
    public static final int BLOCK_BYTES = 512;

    private static final int SLOTS = DISK_BYTES / BLOCK_BYTES - 1;
    /** Prime to the number of slots, so that each is used once in a round. */
    private static final int STRIDE = 7919;

    /** Between two numbers, so that a queue that grew while the DR side was away drains soon. */
    private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

    private static final Duration STOP = Duration.ofSeconds(30);

    private volatile InetSocketAddress server;
    private final String diskA;
    private final String diskB;
    private volatile long answered;
    private volatile boolean stopping;
    private Optional<CompletableFuture<Void>> running = Optional.empty();

    public LockStep(Pair pair, String diskA, String diskB) {
        this.server = pair.nbdAddress();
        this.diskA = diskA;
        this.diskB = diskB;
    }

    /**
     * Where in the history a pair of disks is.
     *
     * @param number newest number of which something is there
     * @param writes how many of its four writes are there, 1 to 4
     */
    public record Position(long number, int writes) {
        /** Newest number that is there as a whole. */
        public long whole() {
            return writes == 4 ? number : number - 1;
        }
    }

    /** Newest number of which all four writes were answered. */
    public long answered() {
        return answered;
    }

    /** Begins, or goes on with the number that was under way when the connection broke. */
    public LockStep start() throws StorageException {
        NbdClient toA = NbdClient.open(server, diskA);
        NbdClient toB = NbdClient.open(server, diskB);
        stopping = false;
        CompletableFuture<Void> end = new CompletableFuture<>();
        running = Optional.of(end);
        Thread thread = new Thread(() -> run(toA, toB, end), "lock-step");
        thread.setDaemon(true);
        thread.start();
        return this;
    }

    private void run(NbdClient toA, NbdClient toB, CompletableFuture<Void> end) {
        try (toA;
                toB) {
            while (!stopping) {
                long number = answered + 1;
                for (NbdClient client : new NbdClient[] {toA, toB}) {
                    client.write(0, block(number));
                    client.write(place(number), block(number));
                }
                answered = number;
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            end.complete(null);
        } catch (StorageException | RuntimeException e) {
            end.completeExceptionally(e);
        }
    }

    /** Begins at another server, whose disks have all numbers up to the given one. */
    public LockStep start(InetSocketAddress otherServer, long number) throws StorageException {
        server = otherServer;
        answered = number;
        return start();
    }

    /** Waits until so many more numbers were answered. */
    public void awaitMore(long count) {
        long goal = answered + count;
        Await.until(Duration.ofMinutes(1), () -> "number " + goal + ", now " + answered + ending(), () -> {
            assertTrue(running.map(end -> !end.isDone()).orElse(false), () -> "no more writes" + ending());
            return answered >= goal;
        });
    }

    private String ending() {
        return running.map(CompletableFuture::toString).orElse("");
    }

    /** Ends it; fails if any write failed. */
    public void stop() throws InterruptedException {
        stopping = true;
        Optional<Throwable> failure = ended();
        if (failure.isPresent()) {
            throw new AssertionError("the client saw an error", failure.get());
        }
    }

    /** Waits until the connection broke. */
    public void awaitBroken() throws InterruptedException {
        assertTrue(ended().isPresent(), "the connection has to break");
    }

    private Optional<Throwable> ended() throws InterruptedException {
        try {
            running.orElseThrow().get(STOP.toMillis(), TimeUnit.MILLISECONDS);
            return Optional.empty();
        } catch (ExecutionException e) {
            return Optional.of(e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("a write was not answered within " + STOP, e);
        }
    }

    @Override
    public void close() {
        stopping = true;
    }

    /** Where the block of a number is. */
    public static long place(long number) {
        return (long) BLOCK_BYTES * (1 + number * STRIDE % SLOTS);
    }

    /** What is written for a number. */
    public static ByteBuffer block(long number) {
        ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
        while (block.hasRemaining()) {
            block.putLong(number);
        }
        return block.flip();
    }

    /**
     * Reads a pair of disks that nobody writes to right now.
     *
     * @throws AssertionError if it is no prefix of the history
     */
    public static Position judge(Path diskA, Path diskB, String context) throws IOException {
        Disk a = disk(diskA, context);
        Disk b = disk(diskB, context);
        String both = context + ": A " + a + ", B " + b;
        long number = a.counter();
        int writes;
        if (a.history() == number - 1) {
            writes = 1;
        } else {
            writes = b.counter() == number - 1 ? 2 : b.history() == number - 1 ? 3 : 4;
        }
        assertEquals(writes >= 2 ? number : number - 1, a.history(), both);
        assertEquals(writes >= 3 ? number : number - 1, b.counter(), both);
        assertEquals(writes >= 4 ? number : number - 1, b.history(), both);
        return new Position(number, writes);
    }

    /** Counter of a disk that may be written to right now. */
    public static long counter(Path disk) throws IOException {
        try (var file = Files.newByteChannel(disk)) {
            ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
            assertEquals(Long.BYTES, file.read(number));
            return number.getLong(0);
        }
    }

    /** Newest numbers of one disk: in the first block, and in the blocks whose place depends on the number. */
    private record Disk(long counter, long history) {}

    private static Disk disk(Path file, String context) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        assertEquals(DISK_BYTES, bytes.length, context);
        LongBuffer words = ByteBuffer.wrap(bytes).asLongBuffer();
        int perBlock = BLOCK_BYTES / Long.BYTES;
        long newest = 0;
        for (int block = 1; block <= SLOTS; block++) {
            newest = Math.max(newest, words.get(block * perBlock));
        }
        long[] expected = new long[SLOTS + 1];
        expected[0] = words.get(0);
        for (long number = Math.max(1, newest - SLOTS + 1); number <= newest; number++) {
            expected[(int) (place(number) / BLOCK_BYTES)] = number;
        }
        for (int block = 0; block <= SLOTS; block++) {
            for (int word = 0; word < perBlock; word++) {
                long found = words.get(block * perBlock + word);
                if (found != expected[block]) {
                    throw new AssertionError(context + ": " + file.getFileName() + " has " + found + " in word " + word
                            + " of block " + block + " where " + expected[block] + " has to be; counter "
                            + expected[0] + ", newest of the others " + newest);
                }
            }
        }
        return new Disk(expected[0], newest);
    }
}
