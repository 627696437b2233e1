package org.openvrg.qemu.libvirt;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.wire.Wire;

/**
 * A connection to a libvirt daemon, by its remote protocol (libvirt's document "libvirt RPC infrastructure", and the
 * definitions {@code virnetprotocol.x}, {@code remote_protocol.x} and {@code qemu_protocol.x} in its source). One thread
 * connects and reads, any sends, any may close, which ends what the others wait in. A message:
 *
 * <pre>
 *  0      4         8         12          16      20       24       28
 *  +------+---------+---------+-----------+-------+--------+--------+---------
 *  |length| program | version | procedure | type  | serial | status | payload
 *  +------+---------+---------+-----------+-------+--------+--------+---------
 * </pre>
 */
final class LibvirtRpc implements AutoCloseable {
    /** A daemon's strings have 4 MiB at most, and no message that we take has two long ones. */
    private static final int MAX_MESSAGE_BYTES = 5 << 20;

    /** The guard has a connection for each domain, and little memory. */
    private static final int BUFFER_BYTES = 4 << 10;

    private static final int LENGTH_BYTES = 4;
    private static final int HEADER_BYTES = 28;
    private static final int VERSION = 1;
    private static final int CALL = 0;
    private static final int REPLY = 1;
    private static final int MESSAGE = 2;
    private static final int OK = 0;

    private static final int REMOTE = 0x20008086;
    private static final int CONNECT_OPEN = 1;
    private static final int DOMAIN_LOOKUP_BY_UUID = 24;
    private static final int AUTH_LIST = 66;
    private static final int AUTH_POLKIT = 70;
    private static final int CONNECT_LIST_ALL_DOMAINS = 273;
    private static final int LIST_ACTIVE = 1;

    private static final int QEMU = 0x20008087;
    private static final int MONITOR_COMMAND = 1;
    private static final int MONITOR_EVENT_REGISTER = 4;
    private static final int MONITOR_EVENT = 6;

    private static final int AUTH_NONE = 0;
    private static final int AUTH_BY_POLKIT = 2;
    private static final int MAX_AUTH_TYPES = 20;
    /** libvirt's own bound of a list. */
    private static final int MAX_DOMAINS = 16_384;
    /** What the server says over TLS once it has taken the client's certificate. */
    private static final byte CERTIFICATE_TAKEN = 1;

    private final LibvirtUri uri;
    private final Wire wire;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;
    private int lastSerial;

    /**
     * A message of the daemon.
     *
     * @param serial of the call that it answers, 0 for what nobody asked for
     * @param payload what the procedure returns or tells
     * @param failure why the call was refused
     */
    record Message(int program, int procedure, int serial, Xdr.Reader payload, Optional<LibvirtException> failure) {
        /** Whether it is an event of a QEMU's monitor. */
        boolean isMonitorEvent() {
            return serial == 0 && program == QEMU && procedure == MONITOR_EVENT;
        }

        /** The payload of an answer. */
        Xdr.Reader result() throws LibvirtException {
            if (failure.isPresent()) {
                throw failure.get();
            }
            return payload;
        }
    }

    LibvirtRpc(LibvirtUri uri, Optional<SSLContext> tls) throws IOException {
        this.uri = uri;
        this.wire = uri.wire(tls);
    }

    /** Connects, and has the daemon open its driver for QEMU. */
    void open() throws IOException {
        wire.connect();
        if (uri.transport() == LibvirtUri.Transport.TLS && take(1).get() != CERTIFICATE_TAKEN) {
            throw new IOException("the daemon does not take this certificate");
        }
        Consumer<Message> none = message -> {};
        Xdr.Reader types = call(REMOTE, AUTH_LIST, new Xdr.Writer(), none);
        List<Integer> offered = new ArrayList<>();
        for (int left = types.count(MAX_AUTH_TYPES); left > 0; left--) {
            offered.add(types.word());
        }
        if (offered.contains(AUTH_BY_POLKIT)) {
            call(REMOTE, AUTH_POLKIT, new Xdr.Writer(), none);
        } else if (!offered.isEmpty() && !offered.contains(AUTH_NONE)) {
            throw new IOException("the daemon wants SASL, which is not supported; polkit, certificates and ssh are");
        }
        call(REMOTE, CONNECT_OPEN, new Xdr.Writer().word(1).string(uri.driver()).word(0), none);
    }

    /** The domains that run. */
    List<LibvirtDomain> running() throws IOException {
        Xdr.Reader list =
                call(REMOTE, CONNECT_LIST_ALL_DOMAINS, new Xdr.Writer().word(1).word(LIST_ACTIVE), message -> {});
        List<LibvirtDomain> domains = new ArrayList<>();
        for (int left = list.count(MAX_DOMAINS); left > 0; left--) {
            domains.add(list.domain());
        }
        return domains;
    }

    /** A domain, whether it runs or not. */
    LibvirtDomain domain(UUID uuid) throws IOException {
        return call(REMOTE, DOMAIN_LOOKUP_BY_UUID, new Xdr.Writer().uuid(uuid), message -> {})
                .domain();
    }

    /** Asks for a domain; the serial of the answer. */
    int askDomain(UUID uuid) throws IOException {
        return send(REMOTE, DOMAIN_LOOKUP_BY_UUID, new Xdr.Writer().uuid(uuid));
    }

    /** Has the events of a domain's monitor sent from now on. */
    void subscribe(LibvirtDomain domain, Consumer<Message> others) throws IOException {
        // the domain and no name of an event, which is all of them
        Xdr.Writer arguments = new Xdr.Writer().word(1).domain(domain).word(0).word(0);
        call(QEMU, MONITOR_EVENT_REGISTER, arguments, others);
    }

    /** Has a domain's monitor execute a command; the serial of the answer. */
    int askMonitor(LibvirtDomain domain, String command) throws IOException {
        return send(
                QEMU,
                MONITOR_COMMAND,
                new Xdr.Writer().domain(domain).string(command).word(0));
    }

    private Xdr.Reader call(int program, int procedure, Xdr.Writer arguments, Consumer<Message> others)
            throws IOException {
        int serial = send(program, procedure, arguments);
        while (true) {
            Message message = next();
            if (message.serial() == serial) {
                return message.result();
            }
            others.accept(message);
        }
    }

    private synchronized int send(int program, int procedure, Xdr.Writer arguments) throws IOException {
        byte[] payload = arguments.bytes();
        ByteBuffer message = ByteBuffer.allocate(HEADER_BYTES + payload.length);
        lastSerial = lastSerial == Integer.MAX_VALUE ? 1 : lastSerial + 1;
        message.putInt(message.capacity()).putInt(program).putInt(VERSION).putInt(procedure);
        message.putInt(CALL).putInt(lastSerial).putInt(OK).put(payload);
        wire.write(message.array());
        return lastSerial;
    }

    /** Waits for the next answer or event. */
    Message next() throws IOException {
        while (true) {
            int length = take(LENGTH_BYTES).getInt();
            if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) {
                throw new IOException("the daemon sent a message of " + Integer.toUnsignedString(length) + " bytes, "
                        + MAX_MESSAGE_BYTES + " are the most");
            }
            ByteBuffer message = take(length - LENGTH_BYTES);
            int program = message.getInt();
            int version = message.getInt();
            int procedure = message.getInt();
            int type = message.getInt();
            int serial = message.getInt();
            int status = message.getInt();
            if (version != VERSION || (type != REPLY && type != MESSAGE)) {
                throw new IOException("the other end does not speak libvirt's protocol in version " + VERSION);
            }
            Xdr.Reader payload = new Xdr.Reader(message);
            Optional<LibvirtException> failure =
                    type == REPLY && status != OK ? Optional.of(failure(payload)) : Optional.empty();
            return new Message(program, procedure, type == MESSAGE ? 0 : serial, payload, failure);
        }
    }

    private static LibvirtException failure(Xdr.Reader payload) throws IOException {
        int code = payload.word();
        payload.word();
        return new LibvirtException(code, payload.optionalString());
    }

    private ByteBuffer take(int length) throws IOException {
        byte[] taken = new byte[length];
        int have = 0;
        while (have < length) {
            if (position == limit) {
                limit = wire.read(buffer);
                position = 0;
                if (limit < 0) {
                    limit = 0;
                    throw new IOException("the daemon closed the connection");
                }
            }
            int part = Math.min(length - have, limit - position);
            System.arraycopy(buffer, position, taken, have, part);
            position += part;
            have += part;
        }
        return ByteBuffer.wrap(taken);
    }

    /** Closes; waits for nothing. */
    @Override
    public void close() throws IOException {
        wire.close();
    }
}
