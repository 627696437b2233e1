package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.fuzz.Input;

/**
 * Messages that a peer may really send: each went through the frame decoder, but what they say is the fuzzer's. Names
 * are few, so that messages have to do with each other.
 */
public final class HostileMessages {
    public static final List<VolumeId> VOLUMES = List.of(new VolumeId("v"), new VolumeId("w"), new VolumeId("x"));
    public static final UUID VM = new UUID(0, 1);

    private final Input input;
    private long sequence;
    private long index;

    public HostileMessages(Input input) {
        this.input = input;
    }

    /** The next that passes the decoder; empty when it does not, or what it would hold can not be made. */
    public Optional<Message> next() {
        try {
            return Optional.of(decoded(make()));
        } catch (DecoderException | IllegalArgumentException | LinkException e) {
            return Optional.empty();
        }
    }

    private static Message decoded(Message message) {
        ByteBuf frame = Unpooled.buffer();
        Frame.write(frame, message);
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        try {
            channel.writeInbound(frame);
            return channel.readInbound();
        } finally {
            channel.finishAndReleaseAll();
        }
    }

    private Message make() throws LinkException {
        UUID vm = (input.unsignedByte() & 15) == 15 ? input.uuid() : VM;
        return switch (input.below(20)) {
            case 0, 1, 2, 3 -> new Message.Data(vm, number(), batch(true));
            case 4, 5, 6 -> new Message.ResyncData(vm, number(), number(), batch(false));
            case 7, 8, 9 -> apply(vm);
            case 10 -> attach(vm);
            case 11 -> new Message.StateChange(vm, ProtectionState.ofNumber(1 + input.below(3)));
            case 12 ->
                new Message.HashRequest(
                        vm, number(), volume().key(), number(), 4096 * input.unsignedByte(), input.unsignedByte());
            case 13 -> new Message.AgentAttach(vm, input.uuid(), number(), number());
            case 14 ->
                new Message.OpenVolume(
                        vm, volume(), "disk" + input.below(3), Optional.empty(), "MEMORY", Map.of(), number());
            case 15 -> new Message.CloseVolume(vm, volume(), input.flag());
            case 16 -> new Message.Flush(vm);
            case 17 -> new Message.Detach(vm, input.text());
            case 18 -> other(vm);
            default -> new Message.Hello(1, 0, input.uuid(), "", 0, input.bytes(32));
        };
    }

    private Message other(UUID vm) {
        return switch (input.below(6)) {
            case 0 -> new Message.ResyncReady(vm, number());
            case 1 -> new Message.ResyncDemand(vm, input.text());
            case 2 -> new Message.Durable(vm, number(), number(), number(), number(), number());
            case 3 -> new Message.Applied(vm, number());
            case 4 -> new Message.Unpair();
            default -> new Message.HashReply(vm, number(), new byte[16]);
        };
    }

    private Message attach(UUID vm) {
        List<Message.VolumeInfo> volumes = new ArrayList<>();
        volumes.add(new Message.VolumeInfo(VOLUMES.get(0), input.flag() ? 65_536 : number()));
        volumes.add(new Message.VolumeInfo(VOLUMES.get(1), 65_536));
        if (input.below(16) == 15) {
            volumes.add(new Message.VolumeInfo(volume(), number()));
        }
        return new Message.Attach(
                vm, number(), number(), number(), number(), ProtectionState.ofNumber(1 + input.below(3)), volumes);
    }

    private Message apply(UUID vm) throws LinkException {
        long first = input.below(8) == 7 ? number() : index + 1;
        RecordBatch batch = batch(input.flag());
        index = first + batch.count() - 1;
        return new Message.Apply(vm, first, batch);
    }

    private long number() {
        return input.longNumber();
    }

    private VolumeId volume() {
        return VOLUMES.get(input.below(VOLUMES.size()));
    }

    /** Records one after the other mostly, now and then of any sequence; or bytes that may be none. */
    private RecordBatch batch(boolean sequenced) throws LinkException {
        int form = input.unsignedByte();
        if (form >= 250) {
            byte[] raw = input.bytes(48 * (1 + input.below(4)));
            return RecordBatch.ofPacked(false, 1 + input.below(4), number(), number(), raw.length, raw);
        }
        RecordBatch.Builder builder = RecordBatch.builder((form & 1) != 0);
        int count = 1 + input.below(5);
        for (int i = 0; i < count; i++) {
            builder.tryAdd(record(sequenced));
        }
        return builder.build();
    }

    private StreamRecord record(boolean sequenced) {
        int form = input.unsignedByte();
        RecordType type = (form & 7) != 7
                ? (sequenced ? RecordType.WRITE : RecordType.RESYNC_WRITE)
                : RecordType.ofCode(1 + input.below(8)).orElseThrow();
        long next = (form & 8) == 0 ? ++sequence : number();
        if ((form & 16) != 0) {
            sequence = next;
        }
        if (type == RecordType.CHECKPOINT) {
            return StreamRecord.checkpoint(next, number());
        }
        if (!type.isData()) {
            ResyncMark mark = new ResyncMark(number(), input.flag(), number());
            return StreamRecord.resync(next, type == RecordType.RESYNC_BEGIN, mark);
        }
        long offset = (form & 32) == 0 ? input.unsignedByte() * 256L : number();
        VolumeKey key = (form & 64) == 0 ? VOLUMES.get(0).key() : volume().key();
        byte[] bytes = new byte[type.carriesBytes() ? 1 + input.unsignedByte() : 0];
        long length = type.carriesBytes() ? bytes.length : number();
        return new StreamRecord(next, type, key, offset, length, ByteBuffer.wrap(bytes));
    }
}
