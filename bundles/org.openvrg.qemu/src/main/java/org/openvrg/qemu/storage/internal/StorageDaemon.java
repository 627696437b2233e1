package org.openvrg.qemu.storage.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.nbd.client.NbdClient;
import org.openvrg.qemu.storage.BlockSource;

/**
 * One {@code qemu-storage-daemon} that has one volume open and exports it over NBD on a socket in its private folder.
 * Thread-safe.
 */
final class StorageDaemon {
    private static final String EXPORT = "volume";
    private static final String SOCKET = "nbd.sock";
    private static final int CONNECTIONS = 4;
    private static final long POLL_NANOS = 10_000_000;
    private static final Duration CLEAN_END = Duration.ofSeconds(10);
    private static final Duration KILLED_END = Duration.ofSeconds(5);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Child child;
    private final String name;

    private StorageDaemon(Child child, String name) {
        this.child = child;
        this.name = name;
    }

    /** Starts it; it need not have opened the volume yet. */
    static StorageDaemon start(Settings settings, RunFolder runFolder, BlockSource source, String name)
            throws StorageException {
        try {
            List<String> command = command(settings.daemon(), source);
            Path folder = runFolder.make(source.files());
            return new StorageDaemon(Child.start("daemon", folder, command), name);
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + ": its storage daemon can't be started", e);
        }
    }

    private static List<String> command(String program, BlockSource source) throws JsonProcessingException {
        List<String> command = new ArrayList<>(List.of(program));
        for (Map<String, Object> object : source.objects()) {
            command.addAll(List.of("--object", json(object)));
        }
        for (Map<String, Object> node : source.nodes()) {
            command.addAll(List.of("--blockdev", json(node)));
        }
        // relative: a whole path may be longer than the 107 bytes of a socket's address
        command.addAll(List.of(
                "--nbd-server", "addr.type=unix,addr.path=" + SOCKET + ",max-connections=" + CONNECTIONS, "--export"));
        command.add(
                json(Map.of("type", "nbd", "id", EXPORT, "node-name", source.top(), "name", EXPORT, "writable", true)));
        return command;
    }

    private static String json(Map<String, Object> value) throws JsonProcessingException {
        return JSON.writeValueAsString(plain(value));
    }

    /** The value as Jackson writes it, with null for what is empty. */
    private static Object plain(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> copy = new LinkedHashMap<>();
            map.forEach((key, inner) -> copy.put(String.valueOf(key), plain(inner)));
            return copy;
        }
        if (value instanceof List<?> list) {
            return list.stream().map(StorageDaemon::plain).toList();
        }
        return value instanceof Optional<?> optional ? optional.orElse(null) : value;
    }

    /** Waits until the volume is open, and connects to it. */
    NbdClient connect(Settings settings) throws StorageException {
        // by way of the daemon's own folder, which makes the address short
        Path socket = Path.of("/proc", Long.toString(child.pid()), "cwd", SOCKET);
        long deadline = System.nanoTime() + settings.startLimit().toNanos();
        while (child.lives()) {
            if (Files.exists(socket)) {
                Optional<NbdClient> client = tryConnect(socket, settings.requestLimit());
                if (client.isPresent()) {
                    return client.get();
                }
            }
            if (System.nanoTime() - deadline > 0) {
                throw new StorageException(
                        Kind.IO,
                        "volume " + name + ": its storage did not answer within "
                                + settings.startLimit().toSeconds() + " s" + said());
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        if (child.lastWords().contains("exec: ")) {
            throw new StorageException(
                    Kind.IO,
                    "volume " + name + ": " + settings.daemon()
                            + " can't be run, it is in the package qemu-system-common" + said());
        }
        throw new StorageException(kindOf(child.lastWords()), "volume " + name + ": it can't be opened" + said());
    }

    /** The export comes a moment after the socket. */
    private static Optional<NbdClient> tryConnect(Path socket, Duration limit) throws StorageException {
        try {
            return Optional.of(NbdClient.open(UnixDomainSocketAddress.of(socket), EXPORT, limit));
        } catch (StorageException e) {
            if (e.kind() == Kind.PATH_WRONG || e.getCause() instanceof IOException) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Its last words, for a message. */
    String said() {
        String words = Words.forOperators(child.lastWords());
        return words.isEmpty() ? "" : ": " + words;
    }

    private static Kind kindOf(String words) {
        if (words.contains("lock") && words.contains("Failed to get")) {
            return Kind.OWNED_BY_OTHER;
        }
        return words.matches(
                        "(?s).*(No such|not found|not exist|Could not open|error opening|UNIT_NOT_SUPPORTED|NOENT).*")
                ? Kind.PATH_WRONG
                : Kind.IO;
    }

    /** Whether it lives. */
    boolean lives() {
        return child.lives();
    }

    /** Completes after its end. */
    CompletableFuture<Integer> end() {
        return child.end();
    }

    /** Closes the volume and ends; killed if that takes too long. Returns whether it has ended. */
    boolean close() {
        child.terminate();
        return child.await(CLEAN_END).isPresent() || kill();
    }

    /** Ends at once, and loses what it held back. Returns whether it has ended. */
    boolean kill() {
        child.kill();
        return child.await(KILLED_END).isPresent();
    }
}
