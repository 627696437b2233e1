package org.openvrg.platform.kvm.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openvrg.qemu.libvirt.LibvirtUri;

/**
 * A libvirt daemon of a group of hosts, as configured: {@code URI;readers=FOLDER} or {@code URI;readers=HOST:PORT-PORT}.
 *
 * @param uri where it is
 * @param readers where its QEMUs may serve live disks
 */
record LibvirtHost(LibvirtUri uri, Readers readers) {
    private static final String READERS = "readers=";
    private static final Pattern RANGE = Pattern.compile("(.+):(\\d{1,5})-(\\d{1,5})");
    private static final int MAX_PORT = 65_535;
    private static final int MAX_HOSTS = 100;
    /** A socket's path has 107 bytes at most; the name of the file needs a UUID and its suffix. */
    private static final int MAX_FOLDER = 107 - 1 - 36 - 4;

    /** Where QEMUs may serve live disks. */
    sealed interface Readers {}

    /** A folder of this machine, for a Unix domain socket of each domain. */
    record Folder(Path path) implements Readers {}

    /** A host's ports, one for each domain. */
    record Ports(String host, int first, int last) implements Readers {}

    /** Entries that are separated by commas; the message of the exception says what would be right. */
    static List<LibvirtHost> parse(String text) {
        List<LibvirtHost> hosts = new ArrayList<>();
        Set<LibvirtUri> seen = new HashSet<>();
        for (String entry : text.split(",", -1)) {
            if (entry.isBlank()) {
                continue;
            }
            String[] parts = entry.trim().split(";", -1);
            if (parts.length != 2 || !parts[1].startsWith(READERS)) {
                throw new IllegalArgumentException("libvirt has " + entry.trim()
                        + ", it must be URI;readers=FOLDER or URI;readers=HOST:PORT-PORT");
            }
            LibvirtHost host = of(parts[0], parts[1].substring(READERS.length()));
            if (!seen.add(host.uri())) {
                throw new IllegalArgumentException("libvirt has " + parts[0] + " twice");
            }
            hosts.add(host);
        }
        if (hosts.size() > MAX_HOSTS) {
            throw new IllegalArgumentException("libvirt has more than " + MAX_HOSTS + " entries");
        }
        return List.copyOf(hosts);
    }

    private static LibvirtHost of(String uri, String readers) {
        LibvirtUri parsed;
        try {
            parsed = LibvirtUri.parse(uri);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("libvirt has " + uri + ": " + e.getMessage(), e);
        }
        if (!readers.startsWith("/")) {
            return new LibvirtHost(parsed, ports(readers));
        }
        if (parsed.transport() != LibvirtUri.Transport.UNIX) {
            throw new IllegalArgumentException("libvirt has " + uri
                    + " with a folder for readers, which only this machine's libvirt can have; another one has ports");
        }
        Path folder = Path.of(readers).normalize();
        if (folder.toString().length() > MAX_FOLDER) {
            throw new IllegalArgumentException(
                    "libvirt has readers=" + readers + ", it must have " + MAX_FOLDER + " characters at most");
        }
        return new LibvirtHost(parsed, new Folder(folder));
    }

    private static Ports ports(String text) {
        Matcher range = RANGE.matcher(text);
        Optional<Ports> ports = range.matches()
                ? Optional.of(new Ports(
                        range.group(1).replaceAll("^\\[|]$", ""),
                        Integer.parseInt(range.group(2)),
                        Integer.parseInt(range.group(3))))
                : Optional.empty();
        return ports.filter(one -> one.first() > 0 && one.first() <= one.last() && one.last() <= MAX_PORT)
                .orElseThrow(() -> new IllegalArgumentException(
                        "libvirt has readers=" + text + ", it must be a folder or HOST:PORT-PORT, the ports 1 to "
                                + MAX_PORT + ", the smaller first"));
    }
}
