package org.openvrg.testkit.backend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A Ceph cluster of one monitor, one manager and one OSD on loopback, with cephx, a pool, and a user that may use it. All
 * is in one folder. The OSD can be killed and started again. It takes about 0.7 GiB of memory. Not thread-safe.
 */
public final class CephCluster implements AutoCloseable {
    /** Pool for images. */
    public static final String POOL = "standby";

    /** User without {@code client.} in front. */
    public static final String USER = "vrg";

    private static final String MON = "ceph-mon";
    private static final String COMMON = "ceph-common";

    private final Path folder;
    private final Path configuration;
    private final int monitorPort = Server.freePort();
    private final List<Server> servers = new ArrayList<>();
    private Optional<Server> osd = Optional.empty();

    /** Prepares it in a folder of its own, whose path must be short: daemons have unix sockets in it. */
    public CephCluster(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.configuration = folder.resolve("ceph.conf");
    }

    /** Address of the monitor. */
    public String monitor() {
        return "127.0.0.1:" + monitorPort;
    }

    /** File with the key of {@link #USER}. */
    public Path keyFile() {
        return folder.resolve("user.key");
    }

    /** Starts all and makes the pool. */
    public CephCluster start() throws IOException {
        String fsid = UUID.randomUUID().toString();
        Files.writeString(configuration, settings(fsid));
        makeKeys();
        String address = "[v2:" + monitor() + "]";
        Path map = folder.resolve("monmap");
        tool("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, map.toString());
        for (String data : List.of("mon", "osd", "mgr")) {
            Files.createDirectories(folder.resolve(data));
        }
        tool(
                MON,
                "-c",
                configuration.toString(),
                "-i",
                "a",
                "--mkfs",
                "--monmap",
                map.toString(),
                "--keyring",
                keyring());
        servers.add(server(MON, "-i", "a"));
        servers.add(server("ceph-mgr", "-i", "x"));
        String osdUuid = UUID.randomUUID().toString();
        ceph("osd", "new", osdUuid);
        tool("ceph-osd", "-c", configuration.toString(), "-i", "0", "--mkfs", "--osd-uuid", osdUuid);
        startOsd();
        ceph("osd", "crush", "add", "osd.0", "1.0", "root=default");
        ceph("osd", "pool", "create", POOL, "8", "8");
        rbd("pool", "init", POOL);
        String key = ceph(
                "auth", "get-or-create-key", "client." + USER, "mon", "profile rbd", "osd", "profile rbd pool=" + POOL);
        Files.writeString(keyFile(), key.strip());
        return this;
    }

    private String settings(String fsid) {
        return String.join(
                "\n",
                "[global]",
                "fsid = " + fsid,
                "mon host = [v2:" + monitor() + "]",
                "auth cluster required = cephx",
                "auth service required = cephx",
                "auth client required = cephx",
                "osd pool default size = 1",
                "osd pool default min size = 1",
                "mon allow pool size one = true",
                "osd crush chooseleaf type = 0",
                "osd objectstore = bluestore",
                "bluestore block size = 1073741824",
                "mon data avail crit = 0",
                "public addr = 127.0.0.1",
                "cluster addr = 127.0.0.1",
                "run dir = " + folder,
                "admin socket = " + folder + "/$name.asok",
                "pid file = " + folder + "/$name.pid",
                "log file = " + folder + "/$name.log",
                "keyring = " + keyring(),
                "mon data = " + folder + "/mon",
                "osd data = " + folder + "/osd",
                "mgr data = " + folder + "/mgr",
                "osd memory target = 939524096",
                "auth allow insecure global id reclaim = false",
                "mgr initial modules =",
                "");
    }

    private void makeKeys() throws IOException {
        String file = keyring();
        tool("ceph-authtool", "-C", file, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *");
        key("client.admin", "mon", "allow *", "osd", "allow *", "mgr", "allow *");
        key("osd.0", "mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd");
        key("mgr.x", "mon", "allow profile mgr", "osd", "allow *");
    }

    private void key(String name, String... capabilities) throws IOException {
        List<String> command = new ArrayList<>(List.of("ceph-authtool", keyring(), "--gen-key", "-n", name));
        for (int i = 0; i < capabilities.length; i += 2) {
            command.addAll(List.of("--cap", capabilities[i], capabilities[i + 1]));
        }
        Server.tool(COMMON, command);
    }

    private String keyring() {
        return folder.resolve("keyring").toString();
    }

    /** Makes an image that reads as zeroes, with the features that a standby volume needs. */
    public void create(String image, long sizeBytes) throws IOException {
        rbd(
                "create",
                "--size",
                sizeBytes + "B",
                "--image-feature",
                "layering,exclusive-lock,object-map,fast-diff",
                POOL + "/" + image);
    }

    /** Writes an image into a new file. */
    public void export(String image, Path file) throws IOException {
        rbd("export", "--no-progress", POOL + "/" + image, file.toString());
    }

    /** Kills the OSD: nothing is read or written until {@link #startOsd}. */
    public void killOsd() {
        osd.ifPresent(Server::kill);
    }

    /** Starts the OSD. */
    public void startOsd() throws IOException {
        osd = Optional.of(server("ceph-osd", "-i", "0"));
    }

    private Server server(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(program, "-c", configuration.toString(), "-f"));
        command.addAll(Arrays.asList(arguments));
        return Server.start(program, folder.resolve(program + ".out"), command);
    }

    private String ceph(String... arguments) throws IOException {
        List<String> command =
                new ArrayList<>(List.of("ceph", "-c", configuration.toString(), "--connect-timeout", "30"));
        command.addAll(Arrays.asList(arguments));
        return Server.tool(COMMON, command);
    }

    /** Runs {@code rbd} as the administrator. */
    public String rbd(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("rbd", "-c", configuration.toString()));
        command.addAll(Arrays.asList(arguments));
        return Server.tool(COMMON, command);
    }

    private static void tool(String... command) throws IOException {
        Server.tool(COMMON, Arrays.asList(command));
    }

    @Override
    public void close() {
        killOsd();
        servers.forEach(Server::kill);
    }
}
