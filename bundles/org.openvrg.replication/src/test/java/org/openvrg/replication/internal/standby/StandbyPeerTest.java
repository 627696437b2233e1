package org.openvrg.replication.internal.standby;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.AlarmService;
import org.openvrg.replication.internal.VmAlarms;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;
import org.openvrg.wire.RecordBatch;

class StandbyPeerTest {
    private static final UUID VM = new UUID(1, 1);
    private static final VolumeId VOLUME = new VolumeId("v");

    private static final StreamRecord BEGIN = StreamRecord.resync(1, true, new ResyncMark(1, true, 5));

    @TempDir
    Path folder;

    private static StreamRecord write(long sequence) {
        return new StreamRecord(sequence, RecordType.WRITE, VOLUME.key(), 0, 4, ByteBuffer.allocate(4));
    }

    private static Message.Data data(StreamRecord... records) {
        RecordBatch.Builder builder = RecordBatch.builder(false);
        for (StreamRecord record : records) {
            builder.tryAdd(record);
        }
        return new Message.Data(VM, 1, builder.build());
    }

    private static Message.Attach attach() {
        Message.VolumeInfo volume = new Message.VolumeInfo(VOLUME, 4096);
        return new Message.Attach(VM, 1, 1, 9, 0, ProtectionState.CONSISTENCY_CHECK, List.of(volume));
    }

    @Test
    void tellsOnceWhereItIsNotAttachedWhenAnOldLaneIsLate() throws Exception {
        try (StandbyJournal store = StandbyJournal.open(folder, 4096, 65_536, 1)) {
            StandbyPeer peer = peer(store);
            QuietLane older = new QuietLane();
            QuietLane newer = new QuietLane();
            peer.handle(newer, attach());
            peer.handle(older, attach());
            peer.handle(older, new Message.Detach(VM, "moves"));
            assertEquals(0, newer.detaches);
            peer.handle(newer, data(BEGIN));
            peer.handle(newer, data(BEGIN, write(2)));
            assertEquals(1, newer.detaches);
            assertEquals(0, older.detaches);
            assertEquals(0, store.journal().lastSequence());

            peer.handle(newer, attach());
            peer.handle(newer, data(BEGIN, write(2)));
            assertEquals(2, store.journal().lastSequence());
            peer.letGo("test");
            peer.handle(newer, data(write(3)));
            assertEquals(2, newer.detaches);
        }
    }

    @Test
    void refusesABatchWithAHoleBeforeAnythingOfItIsTaken() throws Exception {
        try (StandbyJournal store = StandbyJournal.open(folder, 4096, 65_536, 1)) {
            StandbyPeer peer = peer(store);
            Lane lane = new QuietLane();
            peer.handle(lane, attach());
            assertThrows(LinkException.class, () -> peer.handle(lane, data(BEGIN, write(2), write(4))));
            assertEquals(0, store.journal().lastIndex());
            peer.handle(lane, data(BEGIN, write(2), write(3)));
            assertEquals(3, store.journal().lastSequence());
        }
    }

    @Test
    void takesNothingOfNoEpochAndNoBlocksOutsideAResync() throws Exception {
        try (StandbyJournal store = StandbyJournal.open(folder, 4096, 65_536, 1)) {
            assertEquals(StandbyJournal.Outcome.GAP, store.take(0, List.of(write(1))));
            StreamRecord block =
                    new StreamRecord(1, RecordType.RESYNC_WRITE, VOLUME.key(), 0, 4, ByteBuffer.allocate(4));
            assertEquals(StandbyJournal.Outcome.GAP, store.takeBlocks(0, 1, List.of(block)));
            assertEquals(0, store.journal().lastIndex());
        }
    }

    private static StandbyPeer peer(StandbyJournal store) {
        StandbyDisk disk = new StandbyDisk(VOLUME, "d", Optional.empty(), "MEMORY", OptionalInt.empty(), Map.of());
        VmStrategy.Standby strategy = new VmStrategy.Standby(
                VM, Optional.empty(), Optional.empty(), Optional.empty(), "192.0.2.1", 7100, List.of(disk));
        AlarmService alarms = new AlarmService() {
            @Override
            public void raise(Kind kind, String subject, String text) {
                throw new AssertionError(kind + " " + text);
            }

            @Override
            public void clear(Kind kind, String subject) {
                // none was raised
            }
        };
        Applier applier = new Applier(VM, new UUID(2, 2), store, strategy, new VmAlarms(alarms, VM), new NoHost());
        return new StandbyPeer(VM, store, applier, new StandbyPeer.Host() {
            @Override
            public Set<VolumeId> volumes() {
                return Set.of(VOLUME);
            }

            @Override
            public boolean refusing() {
                return false;
            }

            @Override
            public void taken() {
                // nothing is synced here
            }

            @Override
            public void applyInPlace(String why) {
                throw new AssertionError(why);
            }
        });
    }

    /** Counts how often the attachment is ended, and loses what else is sent. */
    private static final class QuietLane implements Lane {
        int detaches;

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void send(Message message) {
            detaches += message instanceof Message.Detach ? 1 : 0;
        }

        @Override
        public void setReading(boolean reading) {
            // nothing comes by itself
        }

        @Override
        public boolean encrypted() {
            return true;
        }

        @Override
        public Optional<String> peerFingerprint() {
            return Optional.empty();
        }

        @Override
        public String remoteAddress() {
            return "test";
        }

        @Override
        public long sentBytes() {
            return 0;
        }

        @Override
        public void close(String reason) {
            throw new AssertionError(reason);
        }
    }

    private static final class NoHost implements Applier.Host {
        @Override
        public void progressed() {
            // nobody waits for it
        }

        @Override
        public void volumeLost(VolumeId volume) {
            throw new AssertionError("volume " + volume + " was never open before");
        }
    }
}
