package org.openvrg.qemu.storage.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.nbd.client.NbdClient;
import org.openvrg.qemu.storage.BlockLayer;
import org.openvrg.qemu.storage.BlockSource;
import org.openvrg.qemu.storage.ImageFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Supervises the storage daemons: at most one for each source, a limit for all, pauses where they fail. Thread-safe. */
public final class Daemons implements BlockLayer, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Daemons.class);
    private static final int MAX_OUTPUT_BYTES = 1 << 20;
    private static final String APART = "out=$1; err=$2; shift 2; exec \"$@\" >\"$out\" 2>\"$err\"";
    /** Opens with O_RDWR|O_EXCL, which Java can't do with what exists, and holds it; Perl is part of every Debian. */
    private static final String CLAIM =
            "$|=1; sysopen(F, $ARGV[0], 2|0200) or die \"$!\\n\"; print \"claimed\\n\"; sleep 60 while 1;";

    private static final long POLL_NANOS = 5_000_000;
    private static final Duration TOOL_KILLED = Duration.ofSeconds(5);

    private final Settings settings;
    private final RunFolder runFolder;
    private final Map<List<Map<String, Object>>, StorageDaemon> running = new ConcurrentHashMap<>();
    private final BackOff<List<Map<String, Object>>> backOff = new BackOff<>(System::nanoTime);
    private final Set<Child> claims = ConcurrentHashMap.newKeySet();
    private boolean closed;

    /** Takes the run folder. */
    Daemons(Settings settings) throws IOException {
        this.settings = settings;
        this.runFolder = new RunFolder(settings.runDirectory());
    }

    /** With QEMU's programs as they are installed. */
    public static Daemons of(Path runDirectory, Duration startLimit, Duration requestLimit) throws IOException {
        return of(runDirectory, "qemu-storage-daemon", startLimit, requestLimit);
    }

    /** With a storage daemon of one's own. */
    public static Daemons of(Path runDirectory, String daemon, Duration startLimit, Duration requestLimit)
            throws IOException {
        return new Daemons(new Settings(runDirectory, daemon, "qemu-img", startLimit, requestLimit, 64));
    }

    @Override
    public BlockVolume open(BlockSource source, String name) throws StorageException {
        OptionalLong pause = backOff.pauseMillis(source.nodes());
        if (pause.isPresent()) {
            throw new StorageException(
                    Kind.IO, "volume " + name + ": its storage failed several times; next attempt in a moment");
        }
        StorageDaemon daemon = start(source, name);
        boolean done = false;
        try {
            NbdClient client = daemon.connect(settings);
            done = true;
            return new DaemonVolume(daemon, client, name);
        } finally {
            if (!done) {
                daemon.kill();
            }
        }
    }

    private synchronized StorageDaemon start(BlockSource source, String name) throws StorageException {
        StorageDaemon before = running.get(source.nodes());
        if (before != null && before.lives()) {
            throw new StorageException(
                    Kind.OWNED_BY_OTHER, "volume " + name + " is open here, or its last storage daemon has not ended");
        }
        if (closed || running.size() >= settings.maxDaemons()) {
            throw new StorageException(
                    Kind.IO,
                    "volume " + name + ": "
                            + (closed
                                    ? "the block layer stops"
                                    : "all storage daemons that max-daemons allows are in use"));
        }
        StorageDaemon daemon = StorageDaemon.start(settings, runFolder, source, name);
        running.put(source.nodes(), daemon);
        daemon.end().thenAccept(code -> ended(source, daemon, name, code));
        return daemon;
    }

    private void ended(BlockSource source, StorageDaemon daemon, String name, int code) {
        running.remove(source.nodes(), daemon);
        if (code != 0) {
            backOff.failed(source.nodes());
            LOG.warn("The storage daemon of volume {} ended with {}{}", name, code, daemon.said());
        }
    }

    @Override
    public void create(Path file, ImageFormat format, long sizeBytes) throws StorageException {
        List<String> command = new ArrayList<>(List.of(settings.imageTool(), "create", "-q", "-f", format.driver()));
        if (format == ImageFormat.VHD) {
            command.addAll(List.of("-o", "force_size=on"));
        }
        command.addAll(List.of("--", file.toString(), Long.toString((sizeBytes + 511) / 512 * 512)));
        ToolResult result = run(String.valueOf(file.getFileName()), Map.of(), command);
        if (result.code() != 0) {
            throw new StorageException(
                    Kind.PATH_WRONG,
                    "volume " + file.getFileName() + " can't be made: " + Words.forOperators(result.error()));
        }
    }

    @Override
    public ToolResult run(String name, Map<String, String> files, List<String> command) throws StorageException {
        String tool = command.get(0);
        try {
            Path folder = runFolder.make(files);
            Path outputs = runFolder.make(Map.of("out", "", "err", ""));
            try {
                List<String> quiet = new ArrayList<>(List.of(
                        "sh",
                        "-c",
                        APART,
                        "vrg",
                        outputs.resolve("out").toString(),
                        outputs.resolve("err").toString()));
                quiet.addAll(command);
                Child child = Child.start("tool", folder, quiet);
                int code = child.await(settings.requestLimit()).orElse(-1);
                if (code < 0) {
                    child.kill();
                    child.await(TOOL_KILLED);
                    throw new StorageException(
                            Kind.IO,
                            "volume " + name + ": " + tool + " did not end within "
                                    + settings.requestLimit().toSeconds() + " s");
                }
                return new ToolResult(code, text(outputs.resolve("out")), text(outputs.resolve("err")));
            } finally {
                RunFolder.remove(outputs);
            }
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + ": " + tool + " can't be run", e);
        }
    }

    @Override
    public DeviceClaim claim(Path device, String name) throws StorageException {
        Child child;
        try {
            child = Child.start("claim", runFolder.make(Map.of()), List.of("perl", "-e", CLAIM, device.toString()));
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + " can't be claimed", e);
        }
        long deadline = System.nanoTime() + settings.startLimit().toNanos();
        while (child.lives() && System.nanoTime() - deadline < 0) {
            if (child.lastWords().equals("claimed")) {
                claims.add(child);
                return () -> {
                    child.kill();
                    child.await(TOOL_KILLED);
                    claims.remove(child);
                };
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        child.kill();
        boolean busy = child.lastWords().contains("busy");
        throw new StorageException(
                busy ? Kind.OWNED_BY_OTHER : Kind.IO,
                "volume " + name + " can't be claimed: " + Words.forOperators(child.lastWords()));
    }

    private static String text(Path file) throws IOException {
        try (java.io.InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MAX_OUTPUT_BYTES), java.nio.charset.StandardCharsets.UTF_8);
        }
    }

    /** Closes what is still open. */
    @Override
    public void close() {
        List<StorageDaemon> left;
        synchronized (this) {
            closed = true;
            left = List.copyOf(running.values());
        }
        claims.forEach(Child::kill);
        left.parallelStream().forEach(StorageDaemon::close);
        try {
            runFolder.close();
        } catch (IOException e) {
            LOG.warn("The lock of the run directory could not be closed: {}", e.getMessage());
        }
    }
}
