package org.openvrg.rest.internal;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** IP addresses as text; nothing here ever asks a name server. */
final class IpLiterals {
    private static final Pattern V4 = Pattern.compile(
            "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}");
    /** A text with two colons, made of these characters only, can't be taken for a name. */
    private static final Pattern V6_CHARACTERS = Pattern.compile("(?=.*:.*:)[0-9a-fA-F:][0-9a-fA-F:.]{1,44}");

    private IpLiterals() {}

    /** Whether the text is an IPv4 dotted quad without leading zeros, or an IPv6 literal without a zone. */
    static boolean isLiteral(String text) {
        return V4.matcher(text).matches() || isV6(text);
    }

    /** Whether the text is a literal that can name one machine: not unspecified, multicast or broadcast. */
    static boolean isHost(String text) {
        if (!isLiteral(text)) {
            return false;
        }
        InetAddress address = parse(text);
        return !address.isAnyLocalAddress() && !address.isMulticastAddress() && !"255.255.255.255".equals(text);
    }

    private static boolean isV6(String text) {
        if (!V6_CHARACTERS.matcher(text).matches()) {
            return false;
        }
        try {
            return InetAddress.getByName(text) != null;
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private static InetAddress parse(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("a literal needs no name server", e);
        }
    }
}
