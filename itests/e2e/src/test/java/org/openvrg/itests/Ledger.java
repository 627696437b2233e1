package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * Clients of a database that insert numbered rows, each in a transaction of its own, and write a number into their log
 * once its commit was answered. The log is the judge of what has to be there. Thread-safe.
 */
final class Ledger implements AutoCloseable {
    private static final int CLIENTS = 3;
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final AtomicLong asked = new AtomicLong();
    private final List<Long> committed = new ArrayList<>();
    private final List<Process> clients = new ArrayList<>();
    private final List<CompletableFuture<Void>> ends = new ArrayList<>();

    /** Makes the table. */
    static void create(Postgres database) throws IOException, InterruptedException {
        database.sql("create table ledger (n bigint primary key, filling text not null)");
    }

    /** Connects and begins. */
    Ledger(Postgres database) throws IOException {
        for (int i = 0; i < CLIENTS; i++) {
            Process client = new ProcessBuilder(database.client(
                            "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", Postgres.USER))
                    .redirectErrorStream(true)
                    .start();
            clients.add(client);
            CompletableFuture<Void> end = new CompletableFuture<>();
            ends.add(end);
            Thread thread = new Thread(() -> insert(client, end), "ledger-" + i);
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void insert(Process client, CompletableFuture<Void> end) {
        try (Writer to = client.outputWriter(StandardCharsets.UTF_8);
                BufferedReader from = client.inputReader(StandardCharsets.UTF_8)) {
            String line;
            String expected;
            do {
                long number = asked.incrementAndGet();
                expected = "committed " + number;
                to.write("begin;\ninsert into ledger values (" + number + ", repeat(md5('" + number + "'), 1 + "
                        + number % 40 + "));\ncommit;\n\\echo " + expected + "\n");
                to.flush();
                line = from.readLine();
                if (expected.equals(line)) {
                    synchronized (committed) {
                        committed.add(number);
                    }
                }
            } while (expected.equals(line));
            end.completeExceptionally(new IOException("psql says: " + line));
        } catch (IOException e) {
            end.completeExceptionally(e);
        }
    }

    /** How many numbers are in the log. */
    int size() {
        synchronized (committed) {
            return committed.size();
        }
    }

    /** Waits until there are so many more. */
    void awaitMore(int count) {
        int goal = size() + count;
        Await.until(LIMIT, () -> "row " + goal + " of the ledger, now " + size(), () -> {
            for (CompletableFuture<Void> end : ends) {
                assertFalse(end.isDone(), () -> "a client saw an error: " + end);
            }
            return size() >= goal;
        });
    }

    /** Waits until every client has lost its server. */
    void awaitBroken() {
        CompletableFuture<?> all = CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new));
        Await.until(LIMIT, () -> "the clients' end", all::isDone);
    }

    /**
     * Fails unless a recovered database has the first so many rows of the log, and none that nobody asked for.
     *
     * @return how many rows it has
     */
    int judge(Postgres recovered, int covered, String context) throws IOException, InterruptedException {
        Set<Long> there = recovered
                .sql("select n from ledger where filling = repeat(md5(n::text), 1 + (n % 40)::int)")
                .lines()
                .map(Long::valueOf)
                .collect(Collectors.toCollection(TreeSet::new));
        long rows = Long.parseLong(recovered.sql("select count(*) from ledger").strip());
        if (rows != there.size()) {
            throw new AssertionError(context + ": only " + there.size() + " of " + rows + " rows are whole");
        }
        List<Long> missing;
        synchronized (committed) {
            missing = committed.subList(0, covered).stream()
                    .filter(number -> !there.contains(number))
                    .toList();
        }
        if (!missing.isEmpty()) {
            throw new AssertionError(context + ": committed before the checkpoint, and not there: " + missing);
        }
        if (there.stream().anyMatch(number -> number > asked.get())) {
            throw new AssertionError(context + ": rows that nobody asked for");
        }
        return there.size();
    }

    @Override
    public void close() {
        try {
            for (Process client : clients) {
                client.destroyForcibly();
                client.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
