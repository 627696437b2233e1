package org.openvrg.nbd.client;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLContext;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.nbd.internal.Protocol;

/**
 * An NBD export as a blocking volume, over TCP or a Unix domain socket. One request is under way at a time: calls of
 * several threads wait for each other. A server that does not answer is waited for until {@link #close()}, which any
 * thread may call, or until the limit that {@link #open(SocketAddress, String, Duration)} was given. After a broken
 * connection every call fails; there is no reconnect.
 */
public final class NbdClient implements BlockVolume {
    /** Longest range of one request without payload, a multiple of every block size. */
    private static final long MAX_RANGE_BYTES = 1L << 30;
    /** Zeroes that are sent at once to a server without WRITE_ZEROES. */
    private static final int ZEROES_BYTES = 1 << 20;

    private final NbdTransport transport;
    private final Handshake.Outcome export;
    private final Requests requests;
    private final Optional<Duration> limit;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean closed;

    /** Over a connection whose handshake is done. */
    NbdClient(NbdTransport transport, Handshake.Outcome export) {
        this(transport, export, Optional.empty());
    }

    private NbdClient(NbdTransport transport, Handshake.Outcome export, Optional<Duration> limit) {
        this.transport = transport;
        this.export = export;
        this.requests = new Requests(transport, export);
        this.limit = limit;
    }

    /**
     * Connects in clear.
     *
     * @param address a TCP address or that of a Unix domain socket
     * @param name the export's name; empty for the server's default
     */
    public static NbdClient open(SocketAddress address, String name) throws StorageException {
        return open(address, name, Optional.empty());
    }

    /**
     * Connects.
     *
     * @param tls what to speak TLS 1.3 with, over TCP only; the context's trust manager judges the server
     * @throws StorageException {@link Kind#PATH_WRONG} if there is no such export, else {@link Kind#IO}
     */
    public static NbdClient open(SocketAddress address, String name, Optional<SSLContext> tls) throws StorageException {
        return connected(
                address, tls, Optional.empty(), (transport, handshake) -> new NbdClient(transport, handshake.go(name)));
    }

    /**
     * Connects in clear to a server that has so much time for the handshake and for each request. When it is over, the
     * connection is broken: a call fails then with {@link Kind#IO}, and so does every later one.
     */
    public static NbdClient open(SocketAddress address, String name, Duration limit) throws StorageException {
        Optional<Duration> each = Optional.of(limit);
        return connected(
                address,
                Optional.empty(),
                each,
                (transport, handshake) -> new NbdClient(transport, handshake.go(name), each));
    }

    /** Connects in clear; {@link #extents} tells the flags of another metadata context than that of allocation. */
    static NbdClient openWithContext(SocketAddress address, String name, String context, Duration limit)
            throws StorageException {
        Optional<Duration> each = Optional.of(limit);
        return connected(
                address,
                Optional.empty(),
                each,
                (transport, handshake) -> new NbdClient(transport, handshake.go(name, context), each));
    }

    /** Whether the server agreed on the metadata context. */
    boolean hasContext() {
        return export.allocationContext().isPresent();
    }

    /** The names of a server's exports. */
    public static List<String> list(SocketAddress address, Optional<SSLContext> tls) throws StorageException {
        return connected(address, tls, Optional.empty(), (transport, handshake) -> {
            List<String> names = handshake.list();
            transport.close();
            return names;
        });
    }

    private interface AfterGreeting<T> {
        T apply(NbdTransport transport, Handshake handshake) throws IOException, StorageException;
    }

    private static <T> T connected(
            SocketAddress address, Optional<SSLContext> tls, Optional<Duration> limit, AfterGreeting<T> then)
            throws StorageException {
        Optional<NbdTransport> opened = Optional.empty();
        boolean done = false;
        try {
            NbdTransport transport = NbdTransport.connect(address);
            opened = Optional.of(transport);
            T result = Watchdog.watch(transport, limit, () -> {
                Handshake handshake = new Handshake(transport);
                handshake.greet(tls);
                return then.apply(transport, handshake);
            });
            done = true;
            return result;
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "no NBD connection: " + e.getMessage(), e);
        } finally {
            if (!done && opened.isPresent()) {
                closeQuietly(opened.get());
            }
        }
    }

    private static void closeQuietly(NbdTransport transport) throws StorageException {
        try {
            transport.close();
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "the NBD connection can't be closed", e);
        }
    }

    @Override
    public long sizeBytes() {
        return export.sizeBytes();
    }

    /** Whether the server refuses writes. */
    public boolean readOnly() {
        return has(Protocol.SEND_READ_ONLY);
    }

    /** Whether a flush on one connection covers what was answered on another. */
    public boolean multipleConnections() {
        return has(Protocol.SEND_CAN_MULTI_CONN);
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        checkRange(offsetBytes, target.remaining());
        int limit = target.limit();
        long at = offsetBytes;
        while (target.position() < limit) {
            int length = Math.min(export.maxPayloadBytes(), limit - target.position());
            ByteBuffer part = target.slice(target.position(), length);
            long from = at;
            run(() -> requests.read(from, part));
            target.position(target.position() + length);
            at += length;
        }
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        write(offsetBytes, source, false);
    }

    /** Writes; with {@code forceUnitAccess} it returns once the write survives a power loss. */
    public void write(long offsetBytes, ByteBuffer source, boolean forceUnitAccess) throws StorageException {
        checkRange(offsetBytes, source.remaining());
        boolean fua = forceUnitAccess && has(Protocol.SEND_FUA);
        long at = offsetBytes;
        while (source.hasRemaining()) {
            int length = Math.min(export.maxPayloadBytes(), source.remaining());
            ByteBuffer part = source.slice(source.position(), length);
            long to = at;
            run(() -> requests.command(
                    fua ? Protocol.CMD_FLAG_FUA : 0, Protocol.CMD_WRITE, to, length, Optional.of(part)));
            source.position(source.position() + length);
            at += length;
        }
        if (forceUnitAccess && !fua) {
            flush();
        }
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        checkRange(offsetBytes, lengthBytes);
        if (has(Protocol.SEND_WRITE_ZEROES)) {
            ranges(mayUnmap ? 0 : Protocol.CMD_FLAG_NO_HOLE, Protocol.CMD_WRITE_ZEROES, offsetBytes, lengthBytes);
            return;
        }
        ByteBuffer zeroes = ByteBuffer.allocate(ZEROES_BYTES);
        for (long done = 0; done < lengthBytes; ) {
            int length = (int) Math.min(ZEROES_BYTES, lengthBytes - done);
            write(offsetBytes + done, zeroes.slice(0, length));
            done += length;
        }
    }

    /** Tells that a range is not needed any more; without effect if the server has no TRIM. */
    public void trim(long offsetBytes, long lengthBytes) throws StorageException {
        checkRange(offsetBytes, lengthBytes);
        if (has(Protocol.SEND_TRIM)) {
            ranges(0, Protocol.CMD_TRIM, offsetBytes, lengthBytes);
        }
    }

    @Override
    public void flush() throws StorageException {
        if (has(Protocol.SEND_FLUSH)) {
            run(() -> requests.command(0, Protocol.CMD_FLUSH, 0, 0, Optional.empty()));
        } else {
            checkOpen();
        }
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        checkRange(offsetBytes, lengthBytes);
        if (lengthBytes == 0) {
            return List.of();
        }
        if (export.allocationContext().isEmpty()) {
            return List.of(BlockExtent.data(lengthBytes));
        }
        List<BlockExtent> extents = new ArrayList<>();
        for (long done = 0; done < lengthBytes; ) {
            long at = offsetBytes + done;
            long length = Math.min(MAX_RANGE_BYTES, lengthBytes - done);
            run(() -> requests.blockStatus(at, length, extents));
            done = extents.stream().mapToLong(BlockExtent::lengthBytes).sum();
        }
        return List.copyOf(extents);
    }

    @Override
    public void close() throws StorageException {
        if (closed) {
            return;
        }
        closed = true;
        boolean free = lock.tryLock();
        try {
            if (free) {
                requests.disconnect();
            }
        } catch (IOException e) {
            // the server is gone already, which is what DISC would have asked for
            requests.markBroken();
        } finally {
            if (free) {
                lock.unlock();
            }
            closeQuietly(transport);
        }
    }

    private void ranges(int flags, int command, long offsetBytes, long lengthBytes) throws StorageException {
        for (long done = 0; done < lengthBytes; ) {
            long at = offsetBytes + done;
            long length = Math.min(MAX_RANGE_BYTES, lengthBytes - done);
            run(() -> requests.command(flags, command, at, length, Optional.empty()));
            done += length;
        }
    }

    private interface Exchange {
        void run() throws IOException, StorageException;
    }

    private void run(Exchange exchange) throws StorageException {
        lock.lock();
        try {
            checkOpen();
            Watchdog.watch(transport, limit, () -> {
                exchange.run();
                return true;
            });
        } catch (IOException e) {
            requests.markBroken();
            checkOpen();
            throw new StorageException(Kind.IO, "the NBD connection broke: " + e.getMessage(), e);
        } finally {
            lock.unlock();
        }
    }

    private void checkOpen() throws StorageException {
        if (closed) {
            throw new StorageException(Kind.CLOSED, "the NBD connection is closed");
        }
    }

    private void checkRange(long offsetBytes, long lengthBytes) throws StorageException {
        if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes > sizeBytes() - lengthBytes) {
            throw new StorageException(
                    Kind.OUT_OF_RANGE,
                    lengthBytes + " bytes at " + offsetBytes + " are not within " + sizeBytes() + " bytes");
        }
    }

    private boolean has(int flag) {
        return (export.flags() & flag) != 0;
    }
}
