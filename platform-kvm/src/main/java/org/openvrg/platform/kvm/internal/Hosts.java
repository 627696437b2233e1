package org.openvrg.platform.kvm.internal;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.libvirt.LibvirtAddress;
import org.openvrg.qemu.qmp.QmpAddress;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;
import org.openvrg.qemu.qmp.QmpListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VMs of all monitors. Looks at all of them every now and then, connects to those that came, lets go of those that
 * went, and keeps what they told. Asking it never waits for a QEMU. Thread-safe.
 */
final class Hosts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Hosts.class);
    private static final String SOCKETS = "*.qmp";
    private static final String GUARD_SUFFIX = ".guard";
    private static final String READER_SUFFIX = ".nbd";
    private static final int MAX_MONITORS = 1_000;
    /** Looks at so many VMs at once, so that one that does not answer holds up few. */
    private static final int THREADS = 4;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
    private static final long STOP_SECONDS = 5;
    /** Whoever asks for a VM may wait for a second. */
    private static final long FIRST_LOOK_MILLIS = 900;

    private final HostSettings settings;
    private final Optional<SSLContext> tls;
    private final Map<String, Vm> vms = new ConcurrentHashMap<>();
    private final Map<String, String> failures = new ConcurrentHashMap<>();
    private final Set<String> busy = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService clock =
            Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "scan"));
    private final ExecutorService workers = Executors.newFixedThreadPool(THREADS, task -> daemon(task, "host"));
    private final List<LibvirtMonitors> libvirt = new ArrayList<>();
    private final Wanted wanted = new Wanted();
    private volatile boolean closed;

    Hosts(HostSettings settings, Optional<SSLContext> tls) throws IOException {
        this.settings = settings;
        this.tls = tls;
        for (LibvirtHost host : settings.libvirt()) {
            libvirt.add(new LibvirtMonitors(host, settings.state(), settings.scan(), tls));
        }
        long period = settings.scan().toMillis();
        clock.scheduleWithFixedDelay(this::scan, 0, period, TimeUnit.MILLISECONDS);
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, "vrg-kvm-" + name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * The VM as it runs right now, of several QEMUs that have it during a migration the one that runs it. A domain of
     * libvirt is left alone until somebody asks for it; the first one who does waits for a moment.
     */
    Optional<Vm> find(UUID uuid) {
        Optional<Vm> found = here(uuid);
        if (wanted.note(uuid) && found.isEmpty()) {
            lookNow(uuid);
            found = here(uuid);
        }
        return found;
    }

    private Optional<Vm> here(UUID uuid) {
        // a monitor of one's own can do more than libvirt's
        return vms.values().stream()
                .filter(vm -> vm.uuid().equals(uuid) && vm.isHere())
                .min(Comparator.comparing(vm -> vm.monitor().address().socket() instanceof LibvirtAddress));
    }

    private void lookNow(UUID uuid) {
        CountDownLatch done = new CountDownLatch(1);
        try {
            for (LibvirtMonitors daemon : libvirt) {
                for (HostMonitor monitor : daemon.monitors(uuid::equals, 1)) {
                    if (busy.add(key(monitor))) {
                        workers.execute(() -> {
                            look(monitor);
                            done.countDown();
                        });
                        done.await(FIRST_LOOK_MILLIS, TimeUnit.MILLISECONDS);
                    }
                }
            }
        } catch (IOException e) {
            LOG.warn("The monitors can't be listed: {}", e.getMessage());
        } catch (RejectedExecutionException e) {
            LOG.debug("No look at VM {}: closed", uuid);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The guard's monitor of the QEMU that a connection leads to. */
    Optional<SocketAddress> guardOf(QmpClient client) {
        return vms.values().stream()
                .filter(vm -> vm.client().equals(client))
                .findFirst()
                .flatMap(vm -> vm.monitor().guard());
    }

    private void scan() {
        try {
            List<HostMonitor> monitors = monitors();
            Set<String> names = ConcurrentHashMap.newKeySet();
            monitors.forEach(monitor -> names.add(key(monitor)));
            vms.forEach((name, vm) -> {
                if (!names.contains(name)) {
                    drop(name, "its monitor is gone");
                }
            });
            failures.keySet().retainAll(names);
            for (HostMonitor monitor : monitors) {
                // those of a daemon that hangs would keep all workers from the others
                boolean silent = libvirt.stream().anyMatch(daemon -> daemon.isSilent(monitor));
                if (!silent && busy.add(key(monitor))) {
                    workers.execute(() -> look(monitor));
                }
            }
        } catch (IOException e) {
            LOG.warn("The monitors can't be listed: {}", e.getMessage());
        } catch (RuntimeException e) {
            if (!closed) {
                LOG.error("The look at the hosts failed", e);
            }
        }
    }

    private static String key(HostMonitor monitor) {
        return monitor.address().socket().toString();
    }

    private List<HostMonitor> monitors() throws IOException {
        List<HostMonitor> monitors = new ArrayList<>();
        if (settings.folder().isPresent() && Files.isDirectory(settings.folder().get())) {
            try (DirectoryStream<Path> sockets =
                    Files.newDirectoryStream(settings.folder().get(), SOCKETS)) {
                for (Path socket : sockets) {
                    if (monitors.size() < MAX_MONITORS) {
                        monitors.add(unix(socket));
                    }
                }
            }
        }
        for (HostSettings.TcpMonitor tcp : settings.monitors()) {
            QmpAddress address =
                    tls.isPresent() ? QmpAddress.tls(tcp.address(), tls.get()) : QmpAddress.tcp(tcp.address());
            monitors.add(new HostMonitor(address, tcp.guard(), tcp.reader()));
        }
        for (LibvirtMonitors daemon : libvirt) {
            monitors.addAll(daemon.monitors(wanted::has, Math.max(0, MAX_MONITORS - monitors.size())));
        }
        return monitors;
    }

    private static HostMonitor unix(Path socket) {
        UnixDomainSocketAddress guard = (UnixDomainSocketAddress) HostSettings.beside(socket, GUARD_SUFFIX);
        return new HostMonitor(
                QmpAddress.unix(socket),
                Files.exists(guard.getPath()) ? Optional.of(guard) : Optional.empty(),
                HostSettings.beside(socket, READER_SUFFIX));
    }

    private void look(HostMonitor monitor) {
        String key = key(monitor);
        try {
            Vm known = vms.get(key);
            if (known != null && !known.client().isOpen()) {
                drop(key, "its connection ended");
                known = null;
            }
            Vm vm = known == null ? connect(monitor) : known;
            vm.learn(monitor);
            vm.refresh();
            if (vms.put(key, vm) == null) {
                LOG.info(
                        "VM {} found at {}, with {} disks",
                        vm.uuid(),
                        monitor.address(),
                        vm.disks().size());
            }
            failures.remove(key);
        } catch (QmpException e) {
            String reason = String.valueOf(e.getMessage());
            if (!reason.equals(failures.put(key, reason)) && !closed) {
                LOG.warn("No look at the VM at {}: {}", monitor.address(), reason);
            }
        } catch (RuntimeException e) {
            LOG.error("The look at the VM at {} failed", monitor.address(), e);
        } finally {
            busy.remove(key);
            if (closed) {
                drop(key, "closed");
            }
        }
    }

    private static Vm connect(HostMonitor monitor) throws QmpException {
        QmpClient client = QmpClient.open(monitor.address(), CONNECT_TIMEOUT, QmpListener.NONE);
        boolean done = false;
        try {
            Vm vm = new Vm(monitor, client);
            done = true;
            return vm;
        } finally {
            if (!done) {
                client.close();
            }
        }
    }

    private void drop(String key, String why) {
        Vm gone = vms.remove(key);
        if (gone != null) {
            gone.client().close();
            LOG.info("VM {} left {}: {}", gone.uuid(), gone.monitor().address(), why);
        }
    }

    @Override
    public void close() {
        closed = true;
        libvirt.forEach(LibvirtMonitors::close);
        clock.shutdownNow();
        workers.shutdown();
        vms.keySet().forEach(key -> drop(key, "closed"));
        try {
            if (!workers.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                workers.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
