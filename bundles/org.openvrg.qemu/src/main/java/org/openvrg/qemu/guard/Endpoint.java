package org.openvrg.qemu.guard;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openvrg.qemu.libvirt.LibvirtAddress;

/**
 * Addresses as one word: {@code unix:PATH}, {@code tcp:HOST:PORT}, {@code command:WORD,WORD…} with each word as in a
 * URL's query, for a program whose standard input and output lead there, or {@link LibvirtAddress#word}. Stateless.
 */
public final class Endpoint {
    private static final String UNIX = "unix:";
    private static final String TCP = "tcp:";
    private static final String COMMAND = "command:";

    private Endpoint() {}

    /** The word of an address. */
    public static String format(SocketAddress address) {
        if (address instanceof LibvirtAddress libvirt) {
            return libvirt.word();
        }
        if (address instanceof UnixDomainSocketAddress unix) {
            return UNIX + unix.getPath();
        }
        InetSocketAddress inet = (InetSocketAddress) address;
        return TCP + inet.getHostString() + ":" + inet.getPort();
    }

    /** The word of a program. */
    public static String format(List<String> command) {
        return command.stream()
                .map(word -> URLEncoder.encode(word, StandardCharsets.UTF_8))
                .collect(Collectors.joining(",", COMMAND, ""));
    }

    /** The program of a word, if it is one. */
    static Optional<List<String>> command(String word) {
        if (!word.startsWith(COMMAND)) {
            return Optional.empty();
        }
        return Optional.of(Stream.of(word.substring(COMMAND.length()).split(",", -1))
                .map(part -> URLDecoder.decode(part, StandardCharsets.UTF_8))
                .toList());
    }

    /** What messages call it: of a program its last word. */
    static String shown(String word) {
        if (LibvirtAddress.isWord(word)) {
            return LibvirtAddress.parse(word).shown();
        }
        return command(word).map(words -> words.get(words.size() - 1)).orElse(word);
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
