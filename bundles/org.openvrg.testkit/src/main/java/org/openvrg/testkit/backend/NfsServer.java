package org.openvrg.testkit.backend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * An NFS server in user space (NFS-Ganesha) in a network namespace of its own, where its ports, and that of the port
 * mapper, clash with nobody's. {@link #inside} gives a program that runs others there. It can be killed and started
 * again. Needs root. Not thread-safe.
 */
public final class NfsServer implements AutoCloseable {
    /** Only within the namespaces, and the last thing that is made there. */
    private static final String READY = "/run/vrg-namespace-is-ready";

    private static final String NAMESPACE =
            "mount -t tmpfs none /run && ip link set lo up && touch " + READY + " && exec sleep infinity";

    private final Path folder;
    private final Path share;
    private final Server namespace;
    private final Server portMapper;
    private Optional<Server> server = Optional.empty();

    /** Makes the namespace; the folder is the server's own. */
    public NfsServer(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.share = Files.createDirectories(folder.resolve("share"));
        Files.createDirectories(folder.resolve("recovery"));
        namespace = Server.start(
                "util-linux",
                folder.resolve("namespace.log"),
                List.of("unshare", "--net", "--mount", "sh", "-c", NAMESPACE));
        namespace.await("a namespace of its own", () -> {
            Server.tool("coreutils", within("test", "-e", READY));
            return true;
        });
        portMapper = Server.start("rpcbind", folder.resolve("rpcbind.log"), within("rpcbind", "-f"));
        portMapper.await("a port mapper", () -> {
            Server.tool("rpcbind", within("rpcinfo", "-p"));
            return true;
        });
    }

    /** Folder that is shared under its own path, at 127.0.0.1 within the namespace. */
    public Path share() {
        return share;
    }

    /** Makes a program that runs another one within the network of the server. */
    public Path inside(String program) throws IOException {
        Path script = folder.resolve("inside-" + program);
        Files.writeString(
                script, "#!/bin/sh\nexec nsenter --net=/proc/" + namespace.pid() + "/ns/net " + program + " \"$@\"\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script;
    }

    /** Starts the server. */
    public NfsServer start() throws IOException {
        Path configuration = folder.resolve("ganesha.conf");
        Files.writeString(
                configuration,
                "NFS_CORE_PARAM { NFS_Port = 2049; MNT_Port = 20048; Protocols = 3,4; Enable_NLM = false;"
                        + " Enable_RQUOTA = false; }\n"
                        + "NFSV4 { RecoveryRoot = " + folder.resolve("recovery")
                        + "; Grace_Period = 5; Lease_Lifetime = 5; RecoveryBackend = fs; }\n"
                        + "EXPORT { Export_Id = 1; Path = " + share + "; Pseudo = /share; Access_Type = RW;"
                        + " Squash = No_Root_Squash; SecType = sys; Protocols = 3,4; Transports = TCP;"
                        + " FSAL { Name = VFS; } }\n"
                        + "LOG { Default_Log_Level = EVENT; }\n");
        Server started = Server.start(
                "nfs-ganesha nfs-ganesha-vfs",
                folder.resolve("ganesha.log"),
                within(
                        "ganesha.nfsd",
                        "-F",
                        "-f",
                        configuration.toString(),
                        "-L",
                        folder.resolve("ganesha.log").toString(),
                        "-p",
                        folder.resolve("ganesha.pid").toString()));
        server = Optional.of(started);
        started.await("serving", () -> Server.tool("rpcbind", within("rpcinfo", "-t", "127.0.0.1", "100003", "3"))
                .contains("ready"));
        return this;
    }

    /** Kills the server; {@link #start} brings it back. */
    public void kill() {
        server.ifPresent(Server::kill);
    }

    private List<String> within(String... command) {
        List<String> all =
                new ArrayList<>(List.of("nsenter", "-t", Long.toString(namespace.pid()), "--net", "--mount"));
        all.addAll(Arrays.asList(command));
        return all;
    }

    @Override
    public void close() {
        kill();
        portMapper.kill();
        namespace.kill();
    }
}
