package org.openvrg.nbd.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.nbd.internal.Protocol;

/**
 * Requests and their replies, one at a time. A reply that breaks the protocol is an {@link IOException}, after which
 * the connection can't be used: where the next reply begins is not known.
 */
final class Requests {
    private static final int MAX_CHUNK_EXTRA_BYTES = 64 << 10;
    private static final int MAX_STATUS_BYTES = 8 << 20;

    private final NbdTransport transport;
    private final Handshake.Outcome export;
    private long cookie;
    private volatile boolean broken;

    Requests(NbdTransport transport, Handshake.Outcome export) {
        this.transport = transport;
        this.export = export;
    }

    /** Takes note that the connection can't be used any more. */
    void markBroken() {
        broken = true;
    }

    /** A command that is answered without data. */
    void command(int flags, int type, long offset, long length, Optional<ByteBuffer> payload)
            throws IOException, StorageException {
        send(flags, type, offset, length, payload);
        Failure failure = new Failure();
        boolean done;
        do {
            Header header = header();
            done = header.isLast();
            header.noteError(failure);
            if (header.chunk() && header.type() < Protocol.CHUNK_ERROR_BIT && header.type() != Protocol.CHUNK_NONE) {
                throw new IOException("the NBD server sent data that was not asked for");
            }
        } while (!done);
        failure.raise();
    }

    /** READ; fills the buffer, whose position is left alone. */
    void read(long offset, ByteBuffer target) throws IOException, StorageException {
        int length = target.remaining();
        send(0, Protocol.CMD_READ, offset, length, Optional.empty());
        Failure failure = new Failure();
        long got = 0;
        boolean done;
        do {
            Header header = header();
            done = header.isLast();
            header.noteError(failure);
            if (!header.chunk()) {
                if (export.structured()) {
                    throw new IOException("the NBD server answered a read without chunks");
                }
                if (header.error() == Protocol.OK) {
                    transport.readFully(target.slice());
                    got = length;
                }
            } else if (header.type() == Protocol.CHUNK_OFFSET_DATA) {
                int bytes = header.length() - 8;
                transport.readFully(part(target, offset, position(), bytes));
                got += bytes;
            } else if (header.type() == Protocol.CHUNK_OFFSET_HOLE && header.length() == 12) {
                long at = position();
                int bytes = bytes(4).getInt();
                ByteBuffer hole = part(target, offset, at, bytes);
                hole.put(new byte[hole.remaining()]);
                got += bytes;
            } else if (header.type() < Protocol.CHUNK_ERROR_BIT && header.type() != Protocol.CHUNK_NONE) {
                throw new IOException("the NBD server answered a read with chunk type " + header.type());
            }
        } while (!done);
        failure.raise();
        if (got != length) {
            throw new IOException("the NBD server sent " + got + " bytes instead of " + length);
        }
    }

    /** BLOCK_STATUS; adds at least one extent, cut at the end of the request. */
    void blockStatus(long offset, long length, List<BlockExtent> extents) throws IOException, StorageException {
        send(0, Protocol.CMD_BLOCK_STATUS, offset, length, Optional.empty());
        Failure failure = new Failure();
        int before = extents.size();
        boolean done;
        do {
            Header header = header();
            done = header.isLast();
            header.noteError(failure);
            if (header.chunk() && header.type() == Protocol.CHUNK_BLOCK_STATUS) {
                if (extents.size() > before) {
                    throw new IOException("the NBD server sent the status of one context twice");
                }
                ByteBuffer data = bytes(header.length());
                if (header.length() < 12
                        || data.getInt() != export.allocationContext().orElseThrow()) {
                    throw new IOException("the NBD server sent a status that was not asked for");
                }
                long left = length;
                while (data.remaining() >= 8 && left > 0) {
                    long extent = Math.min(left, Integer.toUnsignedLong(data.getInt()));
                    int state = data.getInt();
                    if (extent == 0) {
                        throw new IOException("the NBD server sent an extent without length");
                    }
                    extents.add(new BlockExtent(
                            extent, (state & Protocol.STATE_HOLE) != 0, (state & Protocol.STATE_ZERO) != 0));
                    left -= extent;
                }
            } else if (header.chunk() && header.type() < Protocol.CHUNK_ERROR_BIT && header.length() != 0) {
                throw new IOException("the NBD server answered with chunk type " + header.type());
            }
        } while (!done);
        failure.raise();
        if (extents.size() == before) {
            throw new IOException("the NBD server told no extent");
        }
    }

    /** DISC, which has no answer. */
    void disconnect() throws IOException {
        if (!broken) {
            send(0, Protocol.CMD_DISC, 0, 0, Optional.empty());
        }
    }

    private void send(int flags, int type, long offset, long length, Optional<ByteBuffer> payload) throws IOException {
        if (broken) {
            throw new IOException("it was broken before");
        }
        ByteBuffer header = ByteBuffer.allocate(Protocol.REQUEST_BYTES).putInt(Protocol.REQUEST_MAGIC);
        header.putShort((short) flags).putShort((short) type).putLong(++cookie);
        transport.writeFully(header.putLong(offset).putInt((int) length).flip());
        if (payload.isPresent()) {
            transport.writeFully(payload.get());
        }
    }

    private Header header() throws IOException {
        int magic = bytes(4).getInt();
        if (magic == Protocol.SIMPLE_REPLY_MAGIC) {
            ByteBuffer rest = bytes(12);
            int error = rest.getInt();
            checkCookie(rest.getLong());
            return new Header(false, 0, 0, 0, error);
        }
        if (magic != Protocol.STRUCTURED_REPLY_MAGIC || !export.structured()) {
            throw new IOException("the NBD server's reply has a wrong magic");
        }
        ByteBuffer rest = bytes(16);
        int flags = rest.getShort();
        int type = Short.toUnsignedInt(rest.getShort());
        checkCookie(rest.getLong());
        long length = Integer.toUnsignedLong(rest.getInt());
        boolean data = type == Protocol.CHUNK_OFFSET_DATA;
        long most = data ? export.maxPayloadBytes() + 8L : MAX_STATUS_BYTES;
        if (length > most || (data && length < 9)) {
            throw new IOException("the NBD server sent a chunk of " + length + " bytes");
        }
        return new Header(true, flags, type, (int) length, 0);
    }

    private void checkCookie(long answered) throws IOException {
        if (answered != cookie) {
            throw new IOException("the NBD server answered a request that was not made");
        }
    }

    private long position() throws IOException {
        return bytes(8).getLong();
    }

    private static ByteBuffer part(ByteBuffer target, long offset, long at, int bytes) throws IOException {
        long from = at - offset;
        if (bytes <= 0 || from < 0 || from > target.remaining() - bytes) {
            throw new IOException("the NBD server sent data outside of the read");
        }
        return target.slice(target.position() + (int) from, bytes);
    }

    private ByteBuffer bytes(int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        transport.readFully(buffer);
        return buffer.flip();
    }

    /** Head of a simple reply or of a chunk. */
    private final class Header {
        private final boolean chunk;
        private final int flags;
        private final int type;
        private final int length;
        private final int error;

        Header(boolean chunk, int flags, int type, int length, int error) {
            this.chunk = chunk;
            this.flags = flags;
            this.type = type;
            this.length = length;
            this.error = error;
        }

        boolean chunk() {
            return chunk;
        }

        int type() {
            return type;
        }

        int length() {
            return length;
        }

        int error() {
            return error;
        }

        boolean isLast() {
            return !chunk || (flags & Protocol.CHUNK_FLAG_DONE) != 0;
        }

        /** Reads an error chunk's rest, if it is one. */
        void noteError(Failure failure) throws IOException {
            if (!chunk) {
                failure.note(error);
            } else if (type >= Protocol.CHUNK_ERROR_BIT) {
                if (length < 6 || length > MAX_CHUNK_EXTRA_BYTES) {
                    throw new IOException("the NBD server sent an error of " + length + " bytes");
                }
                failure.note(bytes(length).getInt());
            }
        }
    }

    /** The first error of a request. */
    private static final class Failure {
        private int error;

        void note(int another) {
            error = error == Protocol.OK ? another : error;
        }

        void raise() throws StorageException {
            Kind kind =
                    switch (error) {
                        case Protocol.EPERM -> Kind.READ_ONLY;
                        case Protocol.EINVAL -> Kind.OUT_OF_RANGE;
                        case Protocol.ENOSPC -> Kind.NO_SPACE;
                        case Protocol.ESHUTDOWN -> Kind.CLOSED;
                        default -> Kind.IO;
                    };
            if (error != Protocol.OK) {
                throw new StorageException(kind, "the NBD server answered with error " + error);
            }
        }
    }
}
