package org.openvrg.wire;

import static org.openvrg.wire.Payload.readBoolean;
import static org.openvrg.wire.Payload.readByte;
import static org.openvrg.wire.Payload.readBytes;
import static org.openvrg.wire.Payload.readCount;
import static org.openvrg.wire.Payload.readInt;
import static org.openvrg.wire.Payload.readText;
import static org.openvrg.wire.Payload.writeBytes;
import static org.openvrg.wire.Payload.writeDetail;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.List;
import org.openvrg.api.block.BlockHash;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.wire.Message.Attach;
import org.openvrg.wire.Message.Durable;
import org.openvrg.wire.Message.HashReply;
import org.openvrg.wire.Message.HashRequest;
import org.openvrg.wire.Message.Position;
import org.openvrg.wire.Message.PositionStatus;
import org.openvrg.wire.Message.VolumeInfo;

/** Messages between gateways about a VM, codes 16 to 31. */
final class LinkCodecs {
    /** Most volumes of one VM. */
    static final int MAX_VOLUMES = 1024;

    /** Most blocks of one hash request. */
    static final int MAX_HASHED_BLOCKS = 1024;

    /** Codes from 1. */
    private static final List<PositionStatus> STATUSES =
            List.of(PositionStatus.OK, PositionStatus.NOT_CONFIGURED, PositionStatus.NOT_READY);

    private static final int MAX_BLOCK_BYTES = 64 * 1024 * 1024;
    private static final int STATES = ProtectionState.values().length;

    private LinkCodecs() {}

    static void addTo(Codecs codecs) {
        addPositions(codecs);
        addData(codecs);
        addHashes(codecs);
    }

    private static void addPositions(Codecs codecs) {
        codecs.add(16, Attach.class, LinkCodecs::writeAttach, LinkCodecs::readAttach);
        codecs.add(17, Position.class, LinkCodecs::writePosition, LinkCodecs::readPosition);
        codecs.add(
                18,
                Message.StateChange.class,
                (out, m) -> out.writeByte(m.state().number()),
                (frame, in) -> new Message.StateChange(frame.vmUuid(), readState(in)));
        codecs.add(
                19,
                Message.Detach.class,
                (out, m) -> writeDetail(out, m.reason()),
                (frame, in) -> new Message.Detach(frame.vmUuid(), readText(in)));
        codecs.add(
                22,
                Durable.class,
                (out, m) -> out.writeLong(m.durableSequence())
                        .writeLong(m.appliedSequence())
                        .writeLong(m.checkpointEpochMillis())
                        .writeLong(m.resyncId())
                        .writeLong(m.resyncDurableFrames()),
                (frame, in) -> new Durable(
                        frame.vmUuid(), readCount(in), readCount(in), readCount(in), readCount(in), readCount(in)));
        codecs.add(
                23,
                Message.ResyncReady.class,
                (out, m) -> out.writeLong(m.resyncId()),
                (frame, in) -> new Message.ResyncReady(frame.vmUuid(), readCount(in)));
        codecs.add(
                24,
                Message.ResyncDemand.class,
                (out, m) -> writeDetail(out, m.reason()),
                (frame, in) -> new Message.ResyncDemand(frame.vmUuid(), readText(in)));
    }

    private static void addData(Codecs codecs) {
        codecs.addBatched(
                20,
                Message.Data.class,
                Message.Data::batch,
                (out, m) -> out.writeLong(m.epoch()),
                (frame, in) -> new Message.Data(frame.vmUuid(), readCount(in), frame.readBatch(in)));
        codecs.addBatched(
                21,
                Message.ResyncData.class,
                Message.ResyncData::batch,
                (out, m) -> out.writeLong(m.resyncId()).writeLong(m.frame()),
                (frame, in) ->
                        new Message.ResyncData(frame.vmUuid(), readCount(in), readCount(in), frame.readBatch(in)));
    }

    private static void addHashes(Codecs codecs) {
        codecs.add(
                25,
                HashRequest.class,
                (out, m) -> {
                    out.writeLong(m.requestId());
                    Payload.writeKey(out, m.volume());
                    out.writeLong(m.offsetBytes()).writeInt(m.blockBytes()).writeInt(m.blockCount());
                },
                (frame, in) -> new HashRequest(
                        frame.vmUuid(),
                        Payload.readLong(in),
                        Payload.readKey(in),
                        readCount(in),
                        readInt(in, 1, MAX_BLOCK_BYTES),
                        readInt(in, 1, MAX_HASHED_BLOCKS)));
        codecs.add(
                26,
                HashReply.class,
                (out, m) -> {
                    out.writeLong(m.requestId());
                    writeBytes(out, m.hashes(), MAX_HASHED_BLOCKS * BlockHash.LENGTH_BYTES);
                },
                (frame, in) -> new HashReply(frame.vmUuid(), Payload.readLong(in), readHashes(in)));
    }

    private static byte[] readHashes(ByteBuf in) {
        byte[] hashes = readBytes(in, MAX_HASHED_BLOCKS * BlockHash.LENGTH_BYTES);
        if (hashes.length % BlockHash.LENGTH_BYTES != 0) {
            throw new CorruptedFrameException("hashes have " + hashes.length + " bytes, not a multiple of 16");
        }
        return hashes;
    }

    private static ProtectionState readState(ByteBuf in) {
        return ProtectionState.ofNumber(readByte(in, 1, STATES));
    }

    private static void writeAttach(ByteBuf out, Attach m) {
        out.writeLong(m.epoch()).writeLong(m.firstSequence()).writeLong(m.lastSequence());
        out.writeLong(m.resyncId()).writeByte(m.state().number());
        Payload.writeCount(out, m.volumes().size(), MAX_VOLUMES);
        for (VolumeInfo info : m.volumes()) {
            Payload.writeVolume(out, info.volume());
            out.writeLong(info.sizeBytes());
        }
    }

    private static Attach readAttach(Frame frame, ByteBuf in) {
        return new Attach(
                frame.vmUuid(),
                readCount(in),
                readCount(in),
                readCount(in),
                readCount(in),
                readState(in),
                Payload.readList(in, MAX_VOLUMES, one -> new VolumeInfo(Payload.readVolume(one), readCount(one))));
    }

    private static void writePosition(ByteBuf out, Position m) {
        Payload.writeCode(out, m.status(), STATUSES);
        writeDetail(out, m.detail());
        out.writeLong(m.epoch()).writeLong(m.durableSequence()).writeLong(m.resyncId());
        out.writeBoolean(m.resyncReady()).writeLong(m.resyncDurableFrames());
    }

    private static Position readPosition(Frame frame, ByteBuf in) {
        return new Position(
                frame.vmUuid(),
                Payload.readCode(in, STATUSES),
                readText(in),
                readCount(in),
                readCount(in),
                readCount(in),
                readBoolean(in),
                readCount(in));
    }
}
