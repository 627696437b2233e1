package org.openvrg.nbd;

import io.netty.util.NetUtil;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Validated settings of a server.
 *
 * @param address IP address to listen on
 * @param port TCP port, 0 takes a free one
 * @param tls whether TLS is spoken
 * @param allow addresses and CIDR ranges that may connect; empty: any
 * @param clientFingerprints SHA-256 of the certificates that clients must show under TLS; empty: none is asked for
 * @param limits bounds
 */
public record NbdSettings(
        String address, int port, TlsMode tls, List<String> allow, List<String> clientFingerprints, NbdLimits limits) {
    private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");

    /** Checks every value; the message names the key, the value and what would be right. */
    public NbdSettings {
        allow = List.copyOf(allow);
        clientFingerprints = List.copyOf(clientFingerprints);
        if (!NetUtil.isValidIpV4Address(address) && !NetUtil.isValidIpV6Address(address)) {
            throw new IllegalArgumentException("address: \"" + address + "\" is not an IP address");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port: " + port + " is not within 0..65535");
        }
        allow.forEach(NbdSettings::checkRange);
        for (String fingerprint : clientFingerprints) {
            if (!FINGERPRINT.matcher(fingerprint).matches()) {
                throw new IllegalArgumentException(
                        "tls-client-fingerprints: \"" + fingerprint + "\" is not a SHA-256 of 64 hex digits");
            }
        }
        if (!clientFingerprints.isEmpty() && tls == TlsMode.OFF) {
            throw new IllegalArgumentException(
                    "tls-client-fingerprints: is set, but tls is \"off\" and not \"required\"");
        }
    }

    /** Plain TCP on the loopback address at a free port: what tests want. */
    public static NbdSettings loopback() {
        return new NbdSettings("127.0.0.1", 0, TlsMode.OFF, List.of(), List.of(), NbdLimits.defaults());
    }

    /** The same with another TLS mode and client fingerprints. */
    public NbdSettings withTls(TlsMode mode, List<String> fingerprints) {
        return new NbdSettings(address, port, mode, allow, fingerprints, limits);
    }

    /** The same with other bounds. */
    public NbdSettings withLimits(NbdLimits others) {
        return new NbdSettings(address, port, tls, allow, clientFingerprints, others);
    }

    /** The same with other allowed addresses. */
    public NbdSettings withAllow(List<String> ranges) {
        return new NbdSettings(address, port, tls, ranges, clientFingerprints, limits);
    }

    /** Copies configured text. */
    public static NbdSettings parse(
            String address, int port, String tls, String allow, String clientFingerprints, int maxConnections) {
        TlsMode mode =
                switch (tls.strip()) {
                    case "off" -> TlsMode.OFF;
                    case "optional" -> TlsMode.OPTIONAL;
                    case "required" -> TlsMode.REQUIRED;
                    default ->
                        throw new IllegalArgumentException(
                                "tls: \"" + tls + "\" is not one of off, optional, required");
                };
        List<String> fingerprints = list(clientFingerprints).stream()
                .map(text -> text.replace(":", "").toLowerCase(Locale.ROOT))
                .toList();
        return new NbdSettings(
                address.strip(),
                port,
                mode,
                list(allow),
                fingerprints,
                NbdLimits.defaults().withConnections(maxConnections));
    }

    private static List<String> list(String commaSeparated) {
        return Arrays.stream(commaSeparated.split(","))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
    }

    private static void checkRange(String range) {
        int slash = range.indexOf('/');
        String ip = slash < 0 ? range : range.substring(0, slash);
        boolean four = NetUtil.isValidIpV4Address(ip);
        boolean right = four || NetUtil.isValidIpV6Address(ip);
        if (right && slash >= 0) {
            String bits = range.substring(slash + 1);
            right = bits.matches("[0-9]{1,3}") && Integer.parseInt(bits) <= (four ? 32 : 128);
        }
        if (!right) {
            throw new IllegalArgumentException(
                    "allow: \"" + range + "\" is neither an IP address nor a range such as 10.0.0.0/8");
        }
    }
}
