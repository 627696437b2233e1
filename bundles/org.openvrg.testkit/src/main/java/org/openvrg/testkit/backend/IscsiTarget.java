package org.openvrg.testkit.backend;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * An iSCSI target in user space (tgt) on a port of loopback, with CHAP. It can be killed and started again, on the same
 * port and with the same units. Not thread-safe.
 */
public final class IscsiTarget implements AutoCloseable {
    /** Name of the target. */
    public static final String IQN = "iqn.2026-01.org.openvrg:standby";

    /** CHAP user. */
    public static final String USER = "vrg";

    /** CHAP secret. */
    public static final String SECRET = "only-for-tests";

    private static final String PACKAGE = "tgt";

    private final Path folder;
    private final int port = Server.freePort();
    private final int control = 1 + (int) (ProcessHandle.current().pid() % 30_000);
    private final Map<Integer, Path> units = new TreeMap<>();
    private Optional<Server> server = Optional.empty();

    /** Prepares it in a folder of its own. */
    public IscsiTarget(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
    }

    /** Address that initiators connect to. */
    public String portal() {
        return "127.0.0.1:" + port;
    }

    /** File behind a unit, byte for byte. */
    public Path file(int lun) {
        return units.get(lun);
    }

    /** Starts the target. */
    public IscsiTarget start() throws IOException {
        Server started = Server.start(
                PACKAGE,
                folder.resolve("tgtd.log"),
                List.of("tgtd", "-f", "-C", Integer.toString(control), "--iscsi", "portal=" + portal()));
        server = Optional.of(started);
        started.await("ready", () -> {
            admin("--op", "show", "--mode", "target");
            return true;
        });
        admin("--op", "new", "--mode", "target", "--tid", "1", "-T", IQN);
        admin("--op", "new", "--mode", "account", "--user", USER, "--password", SECRET);
        admin("--op", "bind", "--mode", "account", "--tid", "1", "--user", USER);
        for (int lun : units.keySet()) {
            attach(lun);
        }
        admin("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL");
        return this;
    }

    /** Adds a unit that reads as zeroes; its number. */
    public int add(long sizeBytes) throws IOException {
        int lun = units.size() + 1;
        Path file = folder.resolve("lun" + lun);
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(sizeBytes);
        }
        units.put(lun, file);
        attach(lun);
        return lun;
    }

    private void attach(int lun) throws IOException {
        admin(
                "--op",
                "new",
                "--mode",
                "logicalunit",
                "--tid",
                "1",
                "--lun",
                Integer.toString(lun),
                "-b",
                units.get(lun).toString());
    }

    private void admin(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("tgtadm", "-C", Integer.toString(control), "--lld", "iscsi"));
        command.addAll(Arrays.asList(arguments));
        Server.tool(PACKAGE, command);
    }

    /** Kills the target; {@link #start} brings it back. */
    public void kill() {
        server.ifPresent(Server::kill);
    }

    @Override
    public void close() {
        kill();
    }
}
