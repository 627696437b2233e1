package org.openvrg.wire;

import static org.openvrg.wire.Payload.readAtLeast;
import static org.openvrg.wire.Payload.readBoolean;
import static org.openvrg.wire.Payload.readByte;
import static org.openvrg.wire.Payload.readCount;
import static org.openvrg.wire.Payload.readText;
import static org.openvrg.wire.Payload.readVolume;
import static org.openvrg.wire.Payload.writeDetail;
import static org.openvrg.wire.Payload.writeText;
import static org.openvrg.wire.Payload.writeVolume;

import io.netty.buffer.ByteBuf;
import java.util.Optional;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.wire.Message.AgentAttach;
import org.openvrg.wire.Message.AgentPosition;
import org.openvrg.wire.Message.ApplyFailed;
import org.openvrg.wire.Message.OpenVolume;
import org.openvrg.wire.Message.VolumeClosed;
import org.openvrg.wire.Message.VolumeState;

/** Messages between a gateway and a writeagent about a VM, codes 32 to 47. */
final class AgentCodecs {
    /** Most further parameters of a volume. */
    static final int MAX_PARAMETERS = 256;

    private static final int STATUSES = VolumeStatus.values().length;
    private static final long SIZE_UNKNOWN = -1;

    private AgentCodecs() {}

    static void addTo(Codecs codecs) {
        addVolumes(codecs);
        addEntries(codecs);
    }

    private static void addVolumes(Codecs codecs) {
        codecs.add(34, OpenVolume.class, AgentCodecs::writeOpen, AgentCodecs::readOpen);
        codecs.add(
                35,
                VolumeState.class,
                (out, m) -> {
                    writeVolume(out, m.volume());
                    out.writeByte(m.status().number()).writeLong(m.sizeBytes());
                    out.writeBoolean(m.newlyOwned());
                    writeDetail(out, m.detail());
                },
                (frame, in) -> new VolumeState(
                        frame.vmUuid(),
                        readVolume(in),
                        VolumeStatus.ofNumber(readByte(in, 1, STATUSES)),
                        readAtLeast(in, SIZE_UNKNOWN),
                        readBoolean(in),
                        readText(in)));
        codecs.add(
                36,
                Message.CloseVolume.class,
                (out, m) -> {
                    writeVolume(out, m.volume());
                    out.writeBoolean(m.release());
                },
                (frame, in) -> new Message.CloseVolume(frame.vmUuid(), readVolume(in), readBoolean(in)));
        codecs.add(
                37,
                VolumeClosed.class,
                (out, m) -> {
                    writeVolume(out, m.volume());
                    out.writeBoolean(m.released());
                    writeDetail(out, m.detail());
                },
                (frame, in) -> new VolumeClosed(frame.vmUuid(), readVolume(in), readBoolean(in), readText(in)));
    }

    private static void addEntries(Codecs codecs) {
        codecs.add(
                32,
                AgentAttach.class,
                (out, m) -> {
                    Payload.writeUuid(out, m.owner());
                    out.writeLong(m.generation()).writeLong(m.lastIndex());
                },
                (frame, in) -> new AgentAttach(frame.vmUuid(), Payload.readUuid(in), readCount(in), readCount(in)));
        codecs.add(
                33,
                AgentPosition.class,
                (out, m) -> out.writeLong(m.appliedIndex()).writeLong(m.flushedIndex()),
                (frame, in) -> new AgentPosition(frame.vmUuid(), readCount(in), readCount(in)));
        codecs.addBatched(
                38,
                Message.Apply.class,
                Message.Apply::batch,
                (out, m) -> out.writeLong(m.firstIndex()),
                (frame, in) -> new Message.Apply(frame.vmUuid(), readCount(in), frame.readBatch(in)));
        codecs.add(
                39,
                Message.Applied.class,
                (out, m) -> out.writeLong(m.index()),
                (frame, in) -> new Message.Applied(frame.vmUuid(), readCount(in)));
        codecs.add(
                40,
                ApplyFailed.class,
                (out, m) -> {
                    out.writeLong(m.index());
                    writeVolume(out, m.volume());
                    writeDetail(out, m.detail());
                },
                (frame, in) -> new ApplyFailed(frame.vmUuid(), readCount(in), readVolume(in), readText(in)));
        codecs.add(41, Message.Flush.class, (out, m) -> {}, (frame, in) -> new Message.Flush(frame.vmUuid()));
        codecs.add(
                42,
                Message.Flushed.class,
                (out, m) -> out.writeLong(m.index()),
                (frame, in) -> new Message.Flushed(frame.vmUuid(), readCount(in)));
    }

    private static void writeOpen(ByteBuf out, OpenVolume m) {
        writeVolume(out, m.volume());
        writeText(out, m.volumeUrl());
        out.writeBoolean(m.dsUrn().isPresent());
        m.dsUrn().ifPresent(urn -> writeText(out, urn));
        writeText(out, m.volType());
        Payload.writeCount(out, m.extParams().size(), MAX_PARAMETERS);
        m.extParams().forEach((key, value) -> {
            writeText(out, key);
            writeText(out, value);
        });
        out.writeLong(m.sizeBytes());
    }

    private static OpenVolume readOpen(Frame frame, ByteBuf in) {
        return new OpenVolume(
                frame.vmUuid(),
                readVolume(in),
                readText(in),
                readBoolean(in) ? Optional.of(readText(in)) : Optional.empty(),
                readText(in),
                Payload.readMap(in, MAX_PARAMETERS),
                readAtLeast(in, SIZE_UNKNOWN));
    }
}
