package org.openvrg.qemu.guard;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/** Addresses as one word: {@code unix:PATH} or {@code tcp:HOST:PORT}. Stateless. */
public final class Endpoint {
    private static final String UNIX = "unix:";
    private static final String TCP = "tcp:";

    private Endpoint() {}

    /** The word of an address. */
    public static String format(SocketAddress address) {
        if (address instanceof UnixDomainSocketAddress unix) {
            return UNIX + unix.getPath();
        }
        InetSocketAddress inet = (InetSocketAddress) address;
        return TCP + inet.getHostString() + ":" + inet.getPort();
    }

    /** The address of a word, its host looked up. */
    public static SocketAddress parse(String word) {
        if (word.startsWith(UNIX)) {
            return UnixDomainSocketAddress.of(Path.of(word.substring(UNIX.length())));
        }
        int colon = word.lastIndexOf(':');
        if (!word.startsWith(TCP) || colon <= TCP.length()) {
            throw new IllegalArgumentException("an address is unix:PATH or tcp:HOST:PORT, not " + word);
        }
        String host = word.substring(TCP.length(), colon);
        return new InetSocketAddress(host, Integer.parseInt(word.substring(colon + 1)));
    }
}
