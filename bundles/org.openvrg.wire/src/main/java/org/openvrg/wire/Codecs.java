package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** All kinds of message with their codes; the codes never change. Immutable. */
final class Codecs {
    /** Most payload bytes of a message without records. */
    static final int MAX_CONTROL_BYTES = 512 * 1024;

    private final Map<Integer, Codec<?>> byCode = new HashMap<>();
    private final Map<Class<?>, Codec<?>> byType = new HashMap<>();

    /** The one table. */
    static final Codecs ALL = new Codecs();

    private Codecs() {
        ConnectionCodecs.addTo(this);
        LinkCodecs.addTo(this);
        AgentCodecs.addTo(this);
    }

    /** Writes the fields of a message. */
    @FunctionalInterface
    interface Writer<M> {
        void write(ByteBuf out, M message);
    }

    /** Reads the fields of a message, all of them. */
    @FunctionalInterface
    interface Reader<M> {
        M read(Frame frame, ByteBuf in);
    }

    /** Finds the records in a message. */
    @FunctionalInterface
    interface BatchOf<M> {
        RecordBatch batch(M message);
    }

    /**
     * How one kind of message is written and read.
     *
     * @param code type in the frame header
     * @param ofVm whether the frame names a VM
     * @param batchOf the records, for messages that carry some
     */
    record Codec<M extends Message>(
            int code,
            Class<M> type,
            boolean ofVm,
            Writer<M> writer,
            Reader<? extends Message> reader,
            Optional<BatchOf<M>> batchOf) {

        int maxPayloadBytes() {
            return batchOf.isPresent() ? Frame.MAX_PAYLOAD_BYTES : MAX_CONTROL_BYTES;
        }

        void write(ByteBuf out, Message message) {
            writer.write(out, type.cast(message));
        }

        Optional<RecordBatch> batch(Message message) {
            return batchOf.map(finder -> finder.batch(type.cast(message)));
        }
    }

    <M extends Message> void add(int code, Class<M> type, Writer<M> writer, Reader<M> reader) {
        add(new Codec<>(code, type, Message.OfVm.class.isAssignableFrom(type), writer, reader, Optional.empty()));
    }

    <M extends Message> void addBatched(
            int code, Class<M> type, BatchOf<M> batchOf, Writer<M> writer, Reader<M> reader) {
        add(new Codec<>(code, type, true, writer, reader, Optional.of(batchOf)));
    }

    private void add(Codec<?> codec) {
        if (byCode.put(codec.code(), codec) != null || byType.put(codec.type(), codec) != null) {
            throw new IllegalStateException("message code " + codec.code() + " is taken");
        }
    }

    Codec<?> of(Message message) {
        Codec<?> codec = byType.get(message.getClass());
        if (codec == null) {
            throw new IllegalStateException(message.getClass() + " has no codec");
        }
        return codec;
    }

    Codec<?> ofCode(int code) {
        Codec<?> codec = byCode.get(code);
        if (codec == null) {
            throw new CorruptedFrameException("unknown message type " + code);
        }
        return codec;
    }

    /** How many kinds there are. */
    int size() {
        return byCode.size();
    }
}
