package org.openvrg.qemu.libvirt;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.wire.Wire;

/** The monitor of a domain, as libvirt lets others use it. Immutable. */
public final class LibvirtAddress extends SocketAddress {
    private static final long serialVersionUID = 1L;
    private static final String PREFIX = "libvirt:";

    private final transient LibvirtUri uri;
    private final UUID domain;
    private final int run;

    private LibvirtAddress(LibvirtUri uri, UUID domain, int run) {
        this.uri = uri;
        this.domain = domain;
        this.run = run;
    }

    /** The monitor of the run that a domain is in; the connection ends with that run. */
    public static LibvirtAddress ofRun(LibvirtUri uri, LibvirtDomain domain) {
        return new LibvirtAddress(uri, domain.uuid(), domain.id());
    }

    /** The monitor of whatever run a domain is in; while there is none, commands are refused. */
    public static LibvirtAddress ofAnyRun(LibvirtUri uri, UUID domain) {
        return new LibvirtAddress(uri, domain, -1);
    }

    /** The daemon. */
    public LibvirtUri uri() {
        return uri;
    }

    /** Whether a word is one of {@link #word}. */
    public static boolean isWord(String word) {
        return word.startsWith(PREFIX);
    }

    /** The monitor of any run of a domain, from its word. */
    public static LibvirtAddress parse(String word) {
        String[] parts = word.substring(PREFIX.length()).split(",", 2);
        if (!isWord(word) || parts.length != 2) {
            throw new IllegalArgumentException("a monitor of libvirt is libvirt:UUID,URI, not " + word);
        }
        LibvirtUri uri = LibvirtUri.parse(URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        return ofAnyRun(uri, UUID.fromString(parts[0]));
    }

    /** The address as one word, without the run. */
    public String word() {
        return PREFIX + domain + "," + URLEncoder.encode(uri.toString(), StandardCharsets.UTF_8);
    }

    /** What messages call it, without paths. */
    public String shown() {
        return domain + (run < 0 ? "" : " (" + run + ")") + " at libvirt"
                + (uri.host().isEmpty() ? "" : " of " + uri.host());
    }

    /** A connection to it, not yet made. */
    public Wire wire(Optional<SSLContext> tls) throws IOException {
        return new LibvirtWire(uri, domain, run < 0 ? OptionalInt.empty() : OptionalInt.of(run), tls);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LibvirtAddress address
                && address.domain.equals(domain)
                && address.run == run
                && address.uri.equals(uri);
    }

    @Override
    public int hashCode() {
        return domain.hashCode() + run;
    }

    @Override
    public String toString() {
        return domain + (run < 0 ? "" : " (" + run + ")") + " at " + uri;
    }
}
