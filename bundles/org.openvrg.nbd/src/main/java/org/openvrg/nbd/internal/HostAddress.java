package org.openvrg.nbd.internal;

import io.netty.util.NetUtil;
import java.net.URI;
import java.net.URISyntaxException;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.nbd.NbdSettings;
import org.openvrg.nbd.TlsMode;

/**
 * What hypervisors are told of where the server is.
 *
 * @param host IP address or host name; empty when that is not known
 * @param scheme of the URI
 * @param tlsName what the server's certificate is called
 */
record HostAddress(String host, String scheme, String tlsName) {
    /**
     * Of a configuration.
     *
     * @param configured IP address or host name, empty for the one that the server listens on
     * @param tlsName what the server's certificate is called, which has no address
     * @throws IllegalArgumentException when it is none
     */
    static HostAddress of(String configured, NbdSettings settings, String tlsName) {
        String scheme = settings.tls() == TlsMode.REQUIRED ? "nbds" : "nbd";
        String host = configured.strip();
        if (host.isEmpty()) {
            boolean any =
                    settings.address().equals("0.0.0.0") || settings.address().matches("[0:]+");
            return new HostAddress(any ? "" : settings.address(), scheme, tlsName);
        }
        if (!NetUtil.isValidIpV6Address(host) && !host.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")) {
            throw new IllegalArgumentException(
                    "host-address: \"" + configured + "\" is neither an IP address nor a host name");
        }
        return new HostAddress(host, scheme, tlsName);
    }

    URI uri(int port, String exportName) throws PlatformException {
        if (host.isEmpty()) {
            throw new PlatformException(
                    "the NBD server listens on every address of this gateway, so hypervisors can't be"
                            + " told one: set host-address in org.openvrg.nbd.cfg");
        }
        try {
            String query = scheme.equals("nbds") ? "tls-hostname=" + tlsName : null;
            return new URI(scheme, null, host, port, "/" + exportName, query, null);
        } catch (URISyntaxException e) {
            throw new PlatformException("no URI can be made of host " + host + " and export " + exportName, e);
        }
    }
}
