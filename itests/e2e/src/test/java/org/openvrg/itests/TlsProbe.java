package org.openvrg.itests;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds out what a TLS server accepts by sending ClientHello messages (RFC 5246, RFC 8446) made by hand, as no TLS
 * library offers what is to be refused. Stateless.
 */
final class TlsProbe {
    /** Protocol versions as they stand on the wire. */
    static final int SSL_3 = 0x0300;

    static final int TLS_1_0 = 0x0301;
    static final int TLS_1_1 = 0x0302;
    static final int TLS_1_2 = 0x0303;
    static final int TLS_1_3 = 0x0304;

    private static final int TIMEOUT_MILLIS = 20_000;
    private static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int SERVER_HELLO = 2;
    private static final int VERSION_AND_RANDOM_BYTES = 34;
    private static final int RANDOM_BYTES = 32;
    /** A signal, no cipher suite (RFC 5746). */
    private static final int RENEGOTIATION_SIGNAL = 0x00FF;

    private TlsProbe() {}

    /** Every number that stands for a cipher suite of a version. */
    static Set<Integer> allSuites(int version) {
        Set<Integer> suites = new TreeSet<>();
        if (version == TLS_1_3) {
            addRange(suites, 0x1301, 0x1307);
        } else {
            addRange(suites, 0x0000, 0x00FF);
            addRange(suites, 0xC000, 0xC0FF);
            addRange(suites, 0xCC00, 0xCCFF);
        }
        suites.remove(RENEGOTIATION_SIGNAL);
        return suites;
    }

    private static void addRange(Set<Integer> suites, int first, int last) {
        for (int suite = first; suite <= last; suite++) {
            suites.add(suite);
        }
    }

    /** The suites that the server picks, one after the other, until it refuses those that are left. */
    static Set<Integer> accepted(int port, int version) throws IOException {
        Set<Integer> left = allSuites(version);
        Set<Integer> accepted = new TreeSet<>();
        OptionalInt picked = pick(port, version, left);
        while (picked.isPresent()) {
            accepted.add(picked.getAsInt());
            left.remove(picked.getAsInt());
            picked = pick(port, version, left);
        }
        return accepted;
    }

    /** Offers suites; empty when the server refuses them all, with an alert or by closing. */
    private static OptionalInt pick(int port, int version, Collection<Integer> suites) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.getOutputStream().write(hello(version, suites));
            DataInputStream in = new DataInputStream(socket.getInputStream());
            if (in.readUnsignedByte() != HANDSHAKE) {
                return OptionalInt.empty();
            }
            in.readNBytes(4); // version and length of the record
            if (in.readUnsignedByte() != SERVER_HELLO) {
                throw new IOException("the first message of the server is no ServerHello");
            }
            in.readNBytes(3); // length of the message
            in.readNBytes(VERSION_AND_RANDOM_BYTES);
            in.readNBytes(in.readUnsignedByte()); // session
            return OptionalInt.of(in.readUnsignedShort());
        } catch (EOFException | SocketException e) {
            return OptionalInt.empty();
        }
    }

    private static byte[] hello(int version, Collection<Integer> suites) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(body);
        out.writeShort(Math.min(version, TLS_1_2));
        out.write(new byte[RANDOM_BYTES]);
        out.writeByte(0); // no session
        out.writeShort(2 * suites.size());
        for (int suite : suites) {
            out.writeShort(suite);
        }
        out.writeShort(0x0100); // one compression method: none
        byte[] extensions = version == SSL_3 ? new byte[0] : extensions(version);
        if (extensions.length > 0) {
            out.writeShort(extensions.length);
            out.write(extensions);
        }
        ByteArrayOutputStream record = new ByteArrayOutputStream();
        DataOutputStream head = new DataOutputStream(record);
        head.writeByte(HANDSHAKE);
        head.writeShort(Math.min(version, TLS_1_0));
        head.writeShort(body.size() + 4);
        head.writeByte(CLIENT_HELLO);
        head.writeByte(0);
        head.writeShort(body.size());
        head.write(body.toByteArray());
        return record.toByteArray();
    }

    private static byte[] extensions(int version) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        list(out, 10, 0x001D, 0x0017, 0x0018, 0x0019, 0x0100); // supported_groups
        list(out, 13, 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201);
        out.write(new byte[] {0, 11, 0, 2, 1, 0}); // ec_point_formats: uncompressed
        if (version == TLS_1_3) {
            out.write(new byte[] {0, 43, 0, 3, 2, 3, 4}); // supported_versions: 1.3
            out.write(new byte[] {0, 51, 0, 2, 0, 0}); // key_share: none, so that the answer is a HelloRetryRequest
        }
        return bytes.toByteArray();
    }

    private static void list(DataOutputStream out, int type, int... values) throws IOException {
        out.writeShort(type);
        out.writeShort(2 * values.length + 2);
        out.writeShort(2 * values.length);
        for (int value : values) {
            out.writeShort(value);
        }
    }

    /** The suites in the usual hexadecimal form. */
    static String hex(Set<Integer> suites) {
        return new ArrayList<>(suites)
                .stream().map(suite -> String.format("%04X", suite)).toList().toString();
    }
}
