package org.openvrg.qemu.guard;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.openvrg.qemu.mirror.LiveDisk;
import org.openvrg.qemu.mirror.MirrorCapture.CaptureWatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@link Guard}, as a child process of the gateway: started from a folder with its classes, told what to watch over,
 * started again when it dies. It ends when its input does, so it never outlives the gateway. Thread-safe.
 */
public final class GuardProcess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GuardProcess.class);
    private static final int DEFAULT_PORT = 10809;
    private static final long RESTART_MILLIS = 2_000;
    private static final long STOP_SECONDS = 3;
    /** Every class that the guard needs, by file below the package of this bundle. */
    private static final List<String> CLASSES = List.of(
            "guard/Endpoint",
            "guard/ExportProbe",
            "guard/Guard",
            "guard/GuardMonitor",
            "guard/LastResort",
            "guard/TlsFiles",
            "guard/Watched",
            "libvirt/LibvirtAddress",
            "libvirt/LibvirtDomain",
            "libvirt/LibvirtException",
            "libvirt/LibvirtRpc",
            "libvirt/LibvirtRpc$Message",
            "libvirt/LibvirtUri",
            "libvirt/LibvirtUri$1",
            "libvirt/LibvirtUri$Transport",
            "libvirt/LibvirtWire",
            "libvirt/LibvirtWire$Pending",
            "libvirt/Xdr",
            "libvirt/Xdr$Reader",
            "libvirt/Xdr$Writer",
            "wire/CommandWire",
            "wire/SocketWire",
            "wire/Wire");

    private final Path folder;
    private final Duration silence;
    private final Optional<TlsFiles> tls;
    private final boolean lastResort;
    private final Map<String, Watched> watched = new LinkedHashMap<>();
    private final Set<String> ready = ConcurrentHashMap.newKeySet();
    private final Thread thread;
    private Optional<Process> process = Optional.empty();
    private boolean closed;

    /** A guard that only cuts off. */
    public GuardProcess(Path folder, Duration silence, Optional<TlsFiles> tls) throws IOException {
        this(folder, silence, tls, false);
    }

    /**
     * Writes the classes into the folder, and starts the process.
     *
     * @param lastResort whether it may end this process, where a VM waits for it that can't be cut off through libvirt
     */
    public GuardProcess(Path folder, Duration silence, Optional<TlsFiles> tls, boolean lastResort) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.silence = silence;
        this.tls = tls;
        this.lastResort = lastResort;
        if (Files.deleteIfExists(folder.resolve(LastResort.NOTE))) {
            LOG.error(
                    "The guard ended this gateway's last life: it answered nothing for {} ms, nor could VMs of libvirt"
                            + " be cut off from it for as long",
                    silence.toMillis());
        }
        for (String name : CLASSES) {
            String file = "org/openvrg/qemu/" + name + ".class";
            try (InputStream bytes = Guard.class.getResourceAsStream("/" + file)) {
                if (bytes == null) {
                    throw new IOException("the guard's class " + name + " is not in the bundle");
                }
                Path target = folder.resolve(file);
                Files.createDirectories(target.getParent());
                Files.copy(bytes, target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
        this.thread = new Thread(this::run, "vrg-guard");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * What tells the guard of the captures of VMs whose second monitor is there.
     *
     * @param guardOf where that is, as an {@link Endpoint}
     */
    public CaptureWatch watch(Function<LiveDisk, Optional<String>> guardOf) {
        return new CaptureWatch() {
            private Optional<String> key = Optional.empty();

            @Override
            public void attached(LiveDisk disk, String node, URI export) {
                Optional<String> monitor = guardOf.apply(disk);
                if (monitor.isEmpty()) {
                    key.ifPresent(GuardProcess.this::remove);
                    key = Optional.empty();
                    LOG.warn(
                            "{} has no second monitor: a gateway that hangs would hang the VM",
                            disk.monitor().address());
                    return;
                }
                Watched one = new Watched(node, monitor.get(), server(export), exportName(export));
                key.filter(old -> !old.equals(one.key())).ifPresent(GuardProcess.this::remove);
                key = Optional.of(one.key());
                add(one);
            }

            @Override
            public void detached(LiveDisk disk, String node) {
                key.ifPresent(GuardProcess.this::remove);
                key = Optional.empty();
            }
        };
    }

    private static String server(URI export) {
        String query = Optional.ofNullable(export.getQuery()).orElse("");
        SocketAddress address = query.startsWith("socket=")
                ? UnixDomainSocketAddress.of(query.substring("socket=".length()))
                : InetSocketAddress.createUnresolved(
                        export.getHost().replaceAll("^\\[|\\]$", ""),
                        export.getPort() < 0 ? DEFAULT_PORT : export.getPort());
        return Endpoint.format(address);
    }

    private static String exportName(URI export) {
        String path = Optional.ofNullable(export.getRawPath()).orElse("/");
        // one word on the guard's line; the default export's empty name is none
        return path.length() > 1 ? path.substring(1) : "-";
    }

    private synchronized void add(Watched one) {
        watched.put(one.key(), one);
        tell(one.begin());
    }

    private synchronized void remove(String key) {
        Watched gone = watched.remove(key);
        if (gone != null) {
            ready.remove(Endpoint.shown(gone.monitor()));
            tell(gone.end());
        }
    }

    private void tell(String line) {
        if (process.isEmpty()) {
            return;
        }
        try {
            Writer input = process.get().outputWriter(StandardCharsets.UTF_8);
            input.write(line + "\n");
            input.flush();
        } catch (IOException e) {
            LOG.warn("The guard can't be told, it is started again: {}", e.getMessage());
            process.get().destroyForcibly();
        }
    }

    private synchronized Optional<Process> start() throws IOException {
        if (closed) {
            return Optional.empty();
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                folder.toString(),
                Guard.class.getName(),
                String.valueOf(silence.toMillis()),
                String.valueOf(lastResort ? ProcessHandle.current().pid() : 0)));
        tls.ifPresent(files -> command.addAll(List.of(
                files.keyStore().toString(),
                files.password().toString(),
                files.authorities().toString())));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        // the gateway's own options are none of the guard's
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        builder.environment().remove("JDK_JAVA_OPTIONS");
        process = Optional.of(builder.start());
        watched.values().forEach(one -> tell(one.begin()));
        return process;
    }

    private void run() {
        try {
            while (true) {
                Optional<Process> started = start();
                if (started.isEmpty()) {
                    return;
                }
                follow(started.get());
                if (ended()) {
                    return;
                }
                LOG.warn("The guard ended, it is started again");
                TimeUnit.MILLISECONDS.sleep(RESTART_MILLIS);
            }
        } catch (IOException e) {
            LOG.error("The guard can't be started: a gateway that hangs would hang the VMs", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean ended() {
        process = Optional.empty();
        ready.clear();
        return closed;
    }

    /**
     * Whether the guard could cut off at a monitor.
     *
     * @param monitor an {@link Endpoint}
     */
    public boolean isReady(String monitor) {
        return ready.contains(Endpoint.shown(monitor));
    }

    private void follow(Process guard) throws IOException {
        try (BufferedReader output = guard.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                LOG.info("Guard: {}", line);
                if (line.startsWith(Guard.READY)) {
                    ready.add(line.substring(Guard.READY.length()));
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        Optional<Process> running;
        synchronized (this) {
            closed = true;
            running = process;
        }
        thread.interrupt();
        if (running.isPresent()) {
            running.get().getOutputStream().close();
            try {
                if (!running.get().waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                    running.get().destroyForcibly();
                }
            } catch (InterruptedException e) {
                running.get().destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }
}
