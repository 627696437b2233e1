package org.openvrg.wire;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.api.model.VolumeStatus;

/** One message of every kind. */
final class Samples {
    static final UUID VM = UUID.fromString("6a1f0f3e-1111-2222-3333-444455556666");
    static final VolumeId VOLUME = new VolumeId("0e1b4b0e-aaaa-bbbb-cccc-ddddeeeeffff");

    private Samples() {}

    static StreamRecord write(long sequence, byte[] bytes) {
        return new StreamRecord(
                sequence, RecordType.WRITE, VOLUME.key(), 4096 * sequence, bytes.length, ByteBuffer.wrap(bytes));
    }

    static RecordBatch batch(boolean compress) {
        RecordBatch.Builder builder = RecordBatch.builder(compress);
        builder.tryAdd(write(7, new byte[512]));
        builder.tryAdd(new StreamRecord(8, RecordType.ZERO, VOLUME.key(), 0, 1L << 40, ByteBuffer.allocate(0)));
        builder.tryAdd(StreamRecord.checkpoint(9, 1_700_000_000_000L));
        return builder.build();
    }

    static List<Message> all() {
        UUID vrg = new UUID(3, 4);
        return List.of(
                new Message.Hello(1, 0, vrg, "192.0.2.1", 7000, new byte[32]),
                new Message.HelloReply(1, 0, vrg, Message.Verdict.PENDING, "später", new byte[0]),
                new Message.Heartbeat(5),
                new Message.LaneTokenRequest(),
                new Message.LaneToken(new byte[32]),
                new Message.Unpair(),
                new Message.Attach(
                        VM,
                        2,
                        10,
                        20,
                        1,
                        ProtectionState.CONSISTENCY_CHECK,
                        List.of(new Message.VolumeInfo(VOLUME, 1L << 30))),
                new Message.Position(VM, Message.PositionStatus.NOT_READY, "journal", 2, 12, 1, true, 4),
                new Message.StateChange(VM, ProtectionState.INCREMENTAL_CBT),
                new Message.Detach(VM, "gone"),
                new Message.Data(VM, 2, batch(true)),
                new Message.ResyncData(VM, 1, 5, batch(false)),
                new Message.Durable(VM, 20, 19, 1_700_000_000_000L, 1, 4),
                new Message.ResyncReady(VM, 1),
                new Message.ResyncDemand(VM, "journal lost"),
                new Message.HashRequest(VM, 99, new VolumeKey(1, -2), 1L << 33, 65_536, 16),
                new Message.HashReply(VM, 99, new byte[256]),
                new Message.AgentAttach(VM, vrg, 3, 4),
                new Message.AgentPosition(VM, 20, 10),
                new Message.OpenVolume(
                        VM, VOLUME, "a/b.raw", Optional.of("urn"), "LOCALPOME", Map.of("dsMgntIp", "x"), -1),
                new Message.VolumeState(VM, VOLUME, VolumeStatus.TYPE_WRONG, -1, true, "no provider"),
                new Message.CloseVolume(VM, VOLUME, true),
                new Message.VolumeClosed(VM, VOLUME, false, "busy"),
                new Message.Apply(VM, 77, batch(true)),
                new Message.Applied(VM, 79),
                new Message.ApplyFailed(VM, 78, VOLUME, "no space"),
                new Message.Flush(VM),
                new Message.Flushed(VM, 79));
    }
}
