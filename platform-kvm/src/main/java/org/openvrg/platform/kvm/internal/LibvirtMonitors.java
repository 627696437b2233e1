package org.openvrg.platform.kvm.internal;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.libvirt.LibvirtAddress;
import org.openvrg.qemu.libvirt.LibvirtDomain;
import org.openvrg.qemu.libvirt.LibvirtDomains;
import org.openvrg.qemu.libvirt.LibvirtUri;
import org.openvrg.qemu.qmp.QmpAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The monitors of the domains that run at one libvirt daemon. Thread-safe. */
final class LibvirtMonitors implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtMonitors.class);

    private final LibvirtHost host;
    private final Optional<SSLContext> tls;
    private final LibvirtDomains domains;
    private final Optional<ReaderPorts> ports;
    private boolean shortOfPorts;

    /** Begins to ask the daemon. */
    LibvirtMonitors(LibvirtHost host, Path state, Duration scan, Optional<SSLContext> tls) throws IOException {
        this.host = host;
        this.tls = host.uri().transport() == LibvirtUri.Transport.TLS ? tls : Optional.empty();
        String name = UUID.nameUUIDFromBytes(host.uri().toString().getBytes(StandardCharsets.UTF_8)) + ".ports";
        this.ports = host.readers() instanceof LibvirtHost.Ports range
                ? Optional.of(new ReaderPorts(state.resolve("readers").resolve(name), range))
                : Optional.empty();
        this.domains = new LibvirtDomains(host.uri(), this.tls, scan);
    }

    /** The monitors of those domains that are meant, as far as is known; waits for nothing. */
    synchronized List<HostMonitor> monitors(Predicate<UUID> meant, int most) throws IOException {
        List<LibvirtDomain> running = domains.running();
        Set<UUID> uuids = running.stream().map(LibvirtDomain::uuid).collect(Collectors.toSet());
        List<HostMonitor> monitors = new ArrayList<>();
        boolean enough = true;
        for (LibvirtDomain domain : running) {
            if (monitors.size() == most || !meant.test(domain.uuid())) {
                continue;
            }
            Optional<SocketAddress> reader = reader(domain.uuid(), uuids);
            enough &= reader.isPresent();
            reader.ifPresent(address -> monitors.add(new HostMonitor(
                    QmpAddress.libvirt(LibvirtAddress.ofRun(host.uri(), domain), tls),
                    Optional.of(LibvirtAddress.ofAnyRun(host.uri(), domain.uuid())),
                    address)));
        }
        if (!enough && !shortOfPorts) {
            LOG.warn("{} runs more domains than readers has ports; those without one can't be captured", host.uri());
        }
        shortOfPorts = !enough;
        return monitors;
    }

    /** Whether the monitor is one that can't answer, as its daemon hangs. */
    boolean isSilent(HostMonitor monitor) {
        return domains.isSilent()
                && monitor.address().socket() instanceof LibvirtAddress address
                && address.uri().equals(host.uri());
    }

    private Optional<SocketAddress> reader(UUID domain, Set<UUID> running) throws IOException {
        if (host.readers() instanceof LibvirtHost.Folder folder) {
            return Optional.of(UnixDomainSocketAddress.of(folder.path().resolve(domain + ".nbd")));
        }
        LibvirtHost.Ports range = (LibvirtHost.Ports) host.readers();
        Optional<Integer> port = ports.orElseThrow().of(domain, running);
        return port.map(number -> new InetSocketAddress(range.host(), number));
    }

    @Override
    public void close() {
        domains.close();
    }
}
