package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;

/**
 * Frames of link and agent, through decoder, codecs and batches. The first byte tells whether the rest goes in as it is
 * or as frames that get the right magic, length and checksum, and in how many pieces.
 */
public final class FrameFuzz {
    /** Beyond a multiple of the input: a batch that is unpacked, its records, and the classes loaded on the way. */
    private static final long OWN_BYTES = 6L * RecordBatch.MAX_RAW_BYTES;

    private FrameFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Input input = new Input(data);
        int mode = input.unsignedByte();
        byte[] stream = (mode & 1) == 0 ? input.rest() : sealed(input);
        Check.allocates(OWN_BYTES + 64L * data.length, () -> decode(stream, 1 + (mode >>> 1)));
    }

    /** Frames with headers that are right as far as they can be made so. */
    private static byte[] sealed(Input input) {
        ByteBuf all = Unpooled.buffer();
        while (!input.isEmpty()) {
            int type = input.unsignedByte();
            int flags = input.unsignedByte();
            long first = input.longNumber();
            int raw = input.number();
            byte[] payload = input.sized();
            int packed = Math.max(0, payload.length - input.unsignedByte());
            int start = all.writerIndex();
            all.writeInt(Frame.MAGIC).writeByte(Frame.VERSION).writeByte(flags).writeShort(type);
            all.writeInt(payload.length).writeInt(0);
            all.writeLong(0).writeLong(type < 16 ? 0 : 1);
            boolean batch = type == 20 || type == 21 || type == 38;
            all.writeLong(batch ? first : 0).writeInt(batch ? (flags == 0 ? packed : raw) : 0);
            all.writeInt(batch ? packed : 0).writeBytes(payload);
            all.setInt(start + 12, Frame.checksum(all, start, payload.length));
        }
        return ByteBufUtil.getBytes(all);
    }

    private static void decode(byte[] stream, int pieceBytes) {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        List<Message> messages = new ArrayList<>();
        boolean broken = false;
        int step = pieceBytes >= 128 ? stream.length + 1 : pieceBytes;
        for (int at = 0; at < stream.length; at += step) {
            ByteBuf piece = Unpooled.wrappedBuffer(Arrays.copyOfRange(stream, at, Math.min(stream.length, at + step)));
            int before = channel.inboundMessages().size();
            try {
                channel.writeInbound(piece);
                Check.that(!broken || channel.inboundMessages().size() == before, "a message after a malformed byte");
            } catch (DecoderException e) {
                Check.that(!broken, "a malformed byte is told twice");
                broken = true;
            }
            Check.that(piece.refCnt() <= 1, "a piece is held more than once");
        }
        for (Message message = channel.readInbound(); message != null; message = channel.readInbound()) {
            messages.add(message);
        }
        try {
            channel.finish();
            Check.that(channel.inboundMessages().isEmpty(), "a message out of half a frame");
        } catch (DecoderException e) {
            Check.that(!broken, "a malformed byte is told twice");
        }
        channel.finishAndReleaseAll();
        messages.forEach(FrameFuzz::isItself);
    }

    /** What was accepted is the same after another way through encoder and decoder. */
    private static void isItself(Message message) {
        byte[] frame = encode(message);
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        channel.writeInbound(Unpooled.wrappedBuffer(frame));
        Message back = channel.readInbound();
        Check.that(back != null && !channel.finish(), "an encoded message is one frame");
        Check.that(Arrays.equals(frame, encode(back)), "encoded again, " + message + " is another frame");
        Check.equal(message.getClass(), back.getClass(), "kind");
        Codecs.ALL.of(message).batch(message).ifPresent(FrameFuzz::unpack);
    }

    private static void unpack(RecordBatch batch) {
        List<StreamRecord> records;
        try {
            records = batch.unpack();
        } catch (LinkException e) {
            return;
        }
        Check.equal(batch.count(), records.size(), "records of a batch");
        RecordBatch.Builder builder = RecordBatch.builder(batch.compressed());
        for (StreamRecord record : records) {
            Check.that(builder.tryAdd(record), "a record that came does not fit");
        }
        RecordBatch again = builder.build();
        Check.equal(batch.rawBytes(), again.rawBytes(), "bytes of a batch packed again");
        try {
            Check.equal(records, again.unpack(), "records of a batch packed again");
        } catch (LinkException e) {
            throw new AssertionError("our own batch is refused", e);
        }
    }

    private static byte[] encode(Message message) {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameEncoder(new AtomicLong()));
        channel.writeOutbound(message);
        ByteBuf out = channel.readOutbound();
        byte[] bytes = ByteBufUtil.getBytes(out);
        out.release();
        channel.finishAndReleaseAll();
        return bytes;
    }
}
