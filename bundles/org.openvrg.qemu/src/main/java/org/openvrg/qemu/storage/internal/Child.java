package org.openvrg.qemu.storage.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A child process that never outlives this one, not even when this one is killed: it asks the kernel to be killed with
 * its parent (PR_SET_PDEATHSIG), and does not begin if its parent has gone before it could ask. For the kernel the parent
 * is the thread that started it, so every child has a thread that starts it, keeps its last words, and waits for its
 * end. Thread-safe.
 */
final class Child {
    private static final Logger LOG = LoggerFactory.getLogger(Child.class);
    private static final int LAST_WORDS_BYTES = 4096;
    private static final String GUARD = "[ \"$PPID\" = \"$1\" ] || exit 1; shift; exec \"$@\"";

    private final String name;
    private final Path folder;
    private final CompletableFuture<Process> started = new CompletableFuture<>();
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private final StringBuilder lastWords = new StringBuilder();

    private Child(String name, Path folder) {
        this.name = name;
        this.folder = folder;
    }

    /**
     * Starts a process.
     *
     * @param name of it, for messages and its thread
     * @param folder where it runs; removed after its end
     */
    static Child start(String name, Path folder, List<String> command) throws IOException {
        Child child = new Child(name, folder);
        List<String> guarded =
                new ArrayList<>(List.of("setpriv", "--pdeathsig", "KILL", "sh", "-c", GUARD, "vrg", ownPid()));
        guarded.addAll(command);
        Thread keeper = new Thread(() -> child.keep(guarded), "vrg-qemu-" + name);
        keeper.setDaemon(true);
        keeper.start();
        try {
            child.started.get();
        } catch (ExecutionException e) {
            throw new IOException("setpriv (package util-linux) can't be run", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            child.kill();
            throw new IOException("interrupted while a child process starts", e);
        }
        return child;
    }

    private static String ownPid() {
        return Long.toString(ProcessHandle.current().pid());
    }

    private void keep(List<String> command) {
        int code = -1;
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .start();
            started.complete(process);
            process.getOutputStream().close();
            listen(process.getInputStream());
            code = process.waitFor();
        } catch (IOException | InterruptedException | RuntimeException e) {
            started.completeExceptionally(e);
            kill();
        }
        removeFolder();
        ended.complete(code);
    }

    private void listen(InputStream output) throws IOException {
        byte[] bytes = new byte[1024];
        for (int length = output.read(bytes); length >= 0; length = output.read(bytes)) {
            synchronized (lastWords) {
                lastWords.append(new String(bytes, 0, length, StandardCharsets.UTF_8));
                lastWords.delete(0, Math.max(0, lastWords.length() - LAST_WORDS_BYTES));
            }
        }
    }

    private void removeFolder() {
        try {
            RunFolder.remove(folder);
        } catch (IOException e) {
            LOG.warn("The private folder of {} could not be removed: {}", name, e.getMessage());
        }
    }

    /** Process id. */
    long pid() {
        return started.join().pid();
    }

    /** Whether it lives. */
    boolean lives() {
        return !ended.isDone();
    }

    /** Completes with its exit code, once it has ended and its folder is gone. */
    CompletableFuture<Integer> end() {
        return ended;
    }

    /** The end of what it wrote. */
    String lastWords() {
        synchronized (lastWords) {
            return lastWords.toString().strip();
        }
    }

    /** Asks it to end (SIGTERM). Through its handle: {@link Process#destroy} would close what its last words come by. */
    void terminate() {
        started.thenAccept(process -> process.toHandle().destroy());
    }

    /** Ends it (SIGKILL). */
    void kill() {
        started.thenAccept(process -> process.toHandle().destroyForcibly());
    }

    /** Waits for its end; the exit code if it came in time. */
    Optional<Integer> await(Duration limit) {
        try {
            return Optional.of(ended.get(limit.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new IllegalStateException("never completed with a failure", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
