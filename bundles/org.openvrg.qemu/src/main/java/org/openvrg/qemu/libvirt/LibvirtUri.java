package org.openvrg.qemu.libvirt;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.wire.Wire;

/**
 * Where a libvirt daemon is, as libvirt's own connection URIs say it (libvirt's document "Connection URIs"): {@code
 * qemu:///system}, {@code qemu+unix:///system?socket=PATH}, {@code qemu+tls://HOST[:PORT]/system} or
 * {@code qemu+ssh://[USER@]HOST[:PORT]/system[?keyfile=PATH][&known_hosts=PATH]}.
 *
 * @param transport how the daemon is reached
 * @param host its name, empty for this machine
 * @param port its port, 0 for the transport's own
 * @param user for ssh
 * @param files by what they are: the {@code socket} of {@link Transport#UNIX}, {@code keyfile} and {@code known_hosts} of
 *     {@link Transport#SSH}
 */
public record LibvirtUri(Transport transport, String host, int port, Optional<String> user, Map<String, Path> files) {
    private static final String DRIVER = "qemu:///system";
    private static final String PATH = "/system";
    private static final String SOCKET = "socket";
    private static final String KEY_FILE = "keyfile";
    private static final String KNOWN_HOSTS = "known_hosts";
    private static final int TLS_PORT = 16_514;
    private static final List<Path> SOCKETS =
            List.of(Path.of("/run/libvirt/virtqemud-sock"), Path.of("/run/libvirt/libvirt-sock"));
    /** Nothing that ssh could take for an option, or a shell for anything but a word. */
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,252}|\\[[0-9A-Fa-f:.]{2,45}]");

    private static final Pattern FILE = Pattern.compile("/[A-Za-z0-9._/+,@:-]{0,4095}");
    private static final Pattern USER = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}");

    /** Ways to a daemon. */
    public enum Transport {
        /** A Unix domain socket of this machine. */
        UNIX,
        /** TCP with TLS, both ends with certificates. */
        TLS,
        /** The ssh client, and libvirt's own helper at the other end. */
        SSH
    }

    /** Keeps the files as they are now. */
    public LibvirtUri {
        files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
    }

    /** Checks a URI; the message of the exception says what would be right. */
    public static LibvirtUri parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(text + " is no URI: " + e.getReason(), e);
        }
        if (!PATH.equals(uri.getRawPath()) || uri.getRawFragment() != null) {
            throw new IllegalArgumentException(text + " must end in " + PATH + ", the system's own libvirt");
        }
        String host = uri.getHost() == null ? "" : uri.getHost();
        if (host.isEmpty() && uri.getRawAuthority() != null) {
            throw new IllegalArgumentException(text + " has no host name, but " + uri.getRawAuthority());
        }
        Transport transport = transport(String.valueOf(uri.getScheme()), host.isEmpty(), text);
        if (host.isEmpty() != (transport == Transport.UNIX)) {
            throw new IllegalArgumentException(
                    text + (host.isEmpty() ? " names no host" : " names a host, which a local socket has not"));
        }
        if (!host.isEmpty() && !HOST.matcher(host).matches()) {
            throw new IllegalArgumentException(
                    text + " has a host name with other than letters, digits, '.', '-', '_'");
        }
        Optional<String> user = Optional.ofNullable(uri.getRawUserInfo());
        if (user.isPresent()
                && (transport != Transport.SSH || !USER.matcher(user.get()).matches())) {
            throw new IllegalArgumentException(text + " has a user that can't be: with +ssh a plain name, no password");
        }
        return new LibvirtUri(transport, host, Math.max(0, uri.getPort()), user, files(uri, transport, text));
    }

    private static Transport transport(String scheme, boolean local, String text) {
        return switch (scheme) {
            case "qemu" -> local ? Transport.UNIX : Transport.TLS;
            case "qemu+unix" -> Transport.UNIX;
            case "qemu+tls" -> Transport.TLS;
            case "qemu+ssh" -> Transport.SSH;
            default ->
                throw new IllegalArgumentException(text + " must begin with qemu:, qemu+unix:, qemu+tls: or qemu+ssh:");
        };
    }

    private static Map<String, Path> files(URI uri, Transport transport, String text) {
        List<String> known =
                switch (transport) {
                    case UNIX -> List.of(SOCKET);
                    case SSH -> List.of(KEY_FILE, KNOWN_HOSTS);
                    case TLS -> List.of();
                };
        Map<String, Path> files = new TreeMap<>();
        if (uri.getQuery() == null) {
            return files;
        }
        for (String part : uri.getQuery().split("&", -1)) {
            int equals = part.indexOf("=/");
            // ssh takes a blank or a percent sign in the name of a file for something else
            if (equals < 0
                    || !known.contains(part.substring(0, equals))
                    || !FILE.matcher(part.substring(equals + 1)).matches()
                    || files.put(part.substring(0, equals), Path.of(part.substring(equals + 1))) != null) {
                throw new IllegalArgumentException(text + " has " + part
                        + "; a local URI may have socket=PATH, +ssh keyfile=PATH and known_hosts=PATH, nothing else,"
                        + " the paths absolute, of letters, digits, '.', '-', '_', '/', '+', ',', '@' and ':'");
            }
        }
        return files;
    }

    /** The name by which the daemon knows its driver. */
    String driver() {
        return DRIVER;
    }

    /** A connection to the daemon, not yet made. */
    Wire wire(Optional<SSLContext> tls) throws IOException {
        return switch (transport) {
            case UNIX -> Wire.ofSocket(UnixDomainSocketAddress.of(socket()), Optional.empty());
            case TLS ->
                Wire.ofServer(
                        new InetSocketAddress(host, port == 0 ? TLS_PORT : port),
                        tls.orElseThrow(() -> new IOException("no key and certificate for " + this)));
            case SSH -> Wire.ofCommand(ssh());
        };
    }

    private Path socket() {
        return Optional.ofNullable(files.get(SOCKET))
                .or(() -> SOCKETS.stream().filter(Files::exists).findFirst())
                .orElse(SOCKETS.get(SOCKETS.size() - 1));
    }

    /** The words at the other end go through a shell: they are always the same. */
    private List<String> ssh() {
        List<String> command = new ArrayList<>(List.of("ssh", "-T", "-e", "none", "-o", "BatchMode=yes"));
        command.addAll(
                List.of("-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"));
        if (port != 0) {
            command.addAll(List.of("-p", String.valueOf(port)));
        }
        user.ifPresent(name -> command.addAll(List.of("-l", name)));
        Optional.ofNullable(files.get(KEY_FILE)).ifPresent(key -> command.addAll(List.of("-i", key.toString())));
        Optional.ofNullable(files.get(KNOWN_HOSTS))
                .ifPresent(hosts -> command.addAll(List.of("-o", "UserKnownHostsFile=" + hosts)));
        command.addAll(List.of("--", host.replaceAll("^\\[|]$", ""), "virt-ssh-helper", DRIVER));
        return command;
    }

    @Override
    public String toString() {
        String query = files.entrySet().stream()
                .map(file -> file.getKey() + "=" + file.getValue())
                .collect(Collectors.joining("&"));
        return "qemu+" + transport.name().toLowerCase(java.util.Locale.ROOT) + "://"
                + user.map(name -> name + "@").orElse("") + host + (port == 0 ? "" : ":" + port) + PATH
                + (query.isEmpty() ? "" : "?" + query);
    }
}
