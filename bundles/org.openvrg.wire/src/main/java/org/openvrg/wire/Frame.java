package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.openvrg.api.failure.LinkException;

/**
 * The header in front of every message, {@value #HEADER_BYTES} bytes, big-endian:
 *
 * <pre>
 *  0 magic          u32   0x56524746, "VRGF"
 *  4 version        u8    1
 *  5 flags          u8    bit 0: the records are one Snappy block; others 0
 *  6 type           u16   kind of message
 *  8 length         u32   bytes of payload
 * 12 checksum       u32   CRC32C of bytes 0..11, 16..47 and the payload
 * 16 vm             16 bytes, UUID; zero in messages about the connection
 * 32 first sequence u64   of the records; 0 in messages without
 * 40 raw length     u32   bytes of the records before compression; 0 in messages without
 * 44 packed length  u32   bytes of the records as they travel, the end of the payload; 0 in messages without
 * 48 payload
 * </pre>
 *
 * Records are preceded in the payload by their number (u32) and the sequence of the last (u64).
 */
record Frame(
        boolean compressed,
        Codecs.Codec<?> codec,
        int lengthBytes,
        int checksum,
        UUID vmUuid,
        long firstSequence,
        int rawBytes,
        int packedBytes) {
    static final int HEADER_BYTES = 48;
    static final int MAGIC = 0x56524746;
    static final int VERSION = 1;
    static final int FLAG_COMPRESSED = 1;

    /** Most bytes of payload: the fields of a message and one full batch. */
    static final int MAX_PAYLOAD_BYTES = RecordBatch.MAX_RAW_BYTES + 64;

    private static final int CHECKSUM_OFFSET = 12;
    private static final UUID NO_VM = new UUID(0, 0);

    /** Reads and checks a header; consumes it. */
    static Frame readHeader(ByteBuf in) {
        if (in.readInt() != MAGIC) {
            throw new CorruptedFrameException("a frame does not begin with the magic number");
        }
        int version = in.readUnsignedByte();
        if (version != VERSION) {
            throw new CorruptedFrameException("unknown frame version " + version);
        }
        int flags = in.readUnsignedByte();
        Codecs.Codec<?> codec = Codecs.ALL.ofCode(in.readUnsignedShort());
        int lengthBytes = in.readInt();
        int checksum = in.readInt();
        Frame frame = new Frame(
                flags == FLAG_COMPRESSED,
                codec,
                lengthBytes,
                checksum,
                new UUID(in.readLong(), in.readLong()),
                in.readLong(),
                in.readInt(),
                in.readInt());
        frame.check(flags);
        return frame;
    }

    private void check(int flags) {
        if (lengthBytes < 0 || lengthBytes > codec.maxPayloadBytes()) {
            throw new CorruptedFrameException("a " + codec.type().getSimpleName() + " of "
                    + Integer.toUnsignedString(lengthBytes) + " bytes; the limit is " + codec.maxPayloadBytes());
        }
        boolean batched = codec.batchOf().isPresent();
        if (flags != 0 && !(batched && flags == FLAG_COMPRESSED)) {
            throw new CorruptedFrameException("unknown frame flags " + flags);
        }
        if (!codec.ofVm() && !vmUuid.equals(NO_VM)) {
            throw new CorruptedFrameException("a message about the connection names a VM");
        }
        if (!batched && (firstSequence != 0 || rawBytes != 0 || packedBytes != 0)) {
            throw new CorruptedFrameException("a frame without records has their lengths");
        }
        if (batched
                && (packedBytes < 1
                        || packedBytes > lengthBytes
                        || rawBytes < packedBytes
                        || rawBytes > RecordBatch.MAX_RAW_BYTES)) {
            throw new CorruptedFrameException("records of " + Integer.toUnsignedString(rawBytes) + " bytes, packed "
                    + Integer.toUnsignedString(packedBytes) + ", do not fit a frame of " + lengthBytes + " bytes");
        }
    }

    /** Reads the payload, all of it, after its checksum was found right. */
    Message readPayload(ByteBuf payload) {
        Message message;
        try {
            message = codec.reader().read(this, payload);
        } catch (IllegalArgumentException e) {
            throw new CorruptedFrameException("a message is not valid: " + e.getMessage(), e);
        }
        if (payload.isReadable()) {
            throw new CorruptedFrameException(payload.readableBytes() + " bytes follow the last field of a "
                    + codec.type().getSimpleName());
        }
        return message;
    }

    /** The records at the end of the payload. */
    RecordBatch readBatch(ByteBuf in) {
        int count = Payload.readInt(in, 1, RecordBatch.MAX_RAW_BYTES);
        long last = Payload.readCount(in);
        if (in.readableBytes() != packedBytes) {
            throw new CorruptedFrameException(
                    "records have " + in.readableBytes() + " bytes, the header says " + packedBytes);
        }
        byte[] packed = new byte[packedBytes];
        in.readBytes(packed);
        try {
            return RecordBatch.ofPacked(compressed, count, firstSequence, last, rawBytes, packed);
        } catch (LinkException e) {
            throw new CorruptedFrameException(e.getMessage(), e);
        }
    }

    /** Appends a whole frame to a buffer that is empty. */
    static void write(ByteBuf out, Message message) {
        Codecs.Codec<?> codec = Codecs.ALL.of(message);
        UUID vm = message instanceof Message.OfVm ofVm ? ofVm.vmUuid() : NO_VM;
        int start = out.writerIndex();
        out.writeInt(MAGIC).writeByte(VERSION).writeByte(0).writeShort(codec.code());
        out.writeLong(0);
        Payload.writeUuid(out, vm);
        out.writeLong(0).writeLong(0);
        codec.write(out, message);
        codec.batch(message).ifPresent(batch -> {
            out.writeInt(batch.count()).writeLong(batch.last()).writeBytes(batch.packed());
            out.setByte(start + 5, batch.compressed() ? FLAG_COMPRESSED : 0);
            out.setLong(start + 32, batch.first());
            out.setInt(start + 40, batch.rawBytes()).setInt(start + 44, batch.packedBytes());
        });
        int lengthBytes = out.writerIndex() - start - HEADER_BYTES;
        if (lengthBytes > codec.maxPayloadBytes()) {
            throw new IllegalArgumentException("a " + codec.type().getSimpleName() + " of " + lengthBytes
                    + " bytes; the limit is " + codec.maxPayloadBytes());
        }
        out.setInt(start + 8, lengthBytes);
        out.setInt(start + CHECKSUM_OFFSET, checksum(out, start, lengthBytes));
    }

    /** CRC32C (RFC 3720, appendix B.4) of a frame that is wholly in the buffer, without the checksum itself. */
    static int checksum(ByteBuf buffer, int start, int lengthBytes) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.nioBuffer(start, CHECKSUM_OFFSET));
        crc.update(buffer.nioBuffer(start + 16, HEADER_BYTES - 16 + lengthBytes));
        return (int) crc.getValue();
    }

    /** About how many bytes a message takes; what waits to be sent is counted with it. */
    static int estimateBytes(Message message) {
        return HEADER_BYTES
                + 64
                + Codecs.ALL
                        .of(message)
                        .batch(message)
                        .map(RecordBatch::packedBytes)
                        .orElse(0);
    }
}
