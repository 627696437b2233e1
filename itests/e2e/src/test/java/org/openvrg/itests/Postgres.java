package org.openvrg.itests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A PostgreSQL server of Debian's package on a data folder, reached by a unix socket only. Runs as the user postgres,
 * since it refuses root. One thread, but for {@link #client}.
 */
final class Postgres implements AutoCloseable {
    /** The user of system and database. */
    static final String USER = "postgres";

    private static final Duration LIMIT = Duration.ofMinutes(3);

    private final Path data;
    private final Path socket;
    private final Path log;
    private Optional<Process> process = Optional.empty();

    /**
     * Prepares it.
     *
     * @param data where the cluster is
     * @param socket folder for socket and log, with a short path that the user postgres can reach
     */
    Postgres(Path data, Path socket) {
        this.data = data;
        this.socket = socket;
        this.log = socket.resolve("server.log");
    }

    /** A program of the newest server that is installed. */
    private static String program(String name) throws IOException {
        Path versions = Path.of("/usr/lib/postgresql");
        if (!Files.isDirectory(versions)) {
            throw new IOException("PostgreSQL is not there; install it: apt-get install postgresql");
        }
        try (Stream<Path> all = Files.list(versions)) {
            return all.map(version -> version.resolve("bin").resolve(name))
                    .filter(Files::isExecutable)
                    .max(java.util.Comparator.comparingInt(Postgres::version))
                    .orElseThrow(() -> new IOException(name + " is not there; install it: apt-get install postgresql"))
                    .toString();
        }
    }

    private static int version(Path program) {
        return Integer.parseInt(program.getName(program.getNameCount() - 3).toString());
    }

    private static List<String> asUser(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("runuser", "-u", USER, "--", program(program)));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Makes the cluster, with checksums on its pages. */
    void create() throws IOException, InterruptedException {
        Tools.succeed(
                LIMIT, asUser("initdb", "-D", data.toString(), "-A", "trust", "-k", "-E", "UTF8", "--wal-segsize=1"));
    }

    /** Starts the server and waits until it has recovered and serves. */
    void start() throws IOException, InterruptedException {
        Process started = Tools.start(
                log,
                asUser(
                        "postgres",
                        "-D",
                        data.toString(),
                        "-c",
                        "listen_addresses=",
                        "-c",
                        "unix_socket_directories=" + socket,
                        "-c",
                        "shared_buffers=16MB",
                        "-c",
                        "checkpoint_timeout=30s",
                        "-c",
                        "max_wal_size=16MB",
                        "-c",
                        "min_wal_size=4MB"));
        process = Optional.of(started);
        Await.until(LIMIT, () -> "PostgreSQL serves: " + said(), () -> {
            if (!started.isAlive()) {
                throw new AssertionError("PostgreSQL ended: " + said());
            }
            return Tools.run(LIMIT, client("pg_isready")).code() == 0;
        });
    }

    /** What the server wrote. */
    String said() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Command line of a client program. */
    List<String> client(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(program(program), "-h", socket.toString(), "-U", USER));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Runs a client program that has to succeed; returns what it wrote. */
    String run(String program, String... arguments) throws IOException, InterruptedException {
        return Tools.succeed(LIMIT, client(program, arguments));
    }

    /** Runs a statement; returns its rows, one a line. */
    String sql(String statement) throws IOException, InterruptedException {
        return run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", USER, "-c", statement);
    }

    /** Stops the server in order. */
    void stop() throws IOException, InterruptedException {
        Tools.succeed(LIMIT, asUser("pg_ctl", "-D", data.toString(), "-m", "fast", "-w", "stop"));
        process.ifPresent(server -> server.onExit().join());
        process = Optional.empty();
    }

    /** Fails unless every page of the stopped cluster has its checksum. */
    void assertChecksums() throws IOException, InterruptedException {
        Tools.succeed(LIMIT, asUser("pg_checksums", "--check", "-D", data.toString()));
    }

    @Override
    public void close() {
        kill();
    }

    /** kill -9 of all its processes. */
    void kill() {
        process.ifPresent(server -> {
            List<ProcessHandle> all = server.descendants().toList();
            all.forEach(ProcessHandle::destroyForcibly);
            server.destroyForcibly().onExit().join();
        });
        process = Optional.empty();
    }
}
