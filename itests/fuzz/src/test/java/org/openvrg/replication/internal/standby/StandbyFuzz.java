package org.openvrg.replication.internal.standby;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.AlarmService;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;
import org.openvrg.fuzz.MemoryFolder;
import org.openvrg.fuzz.RecordingLane;
import org.openvrg.journal.Journal;
import org.openvrg.replication.internal.VmAlarms;
import org.openvrg.wire.HostileMessages;
import org.openvrg.wire.Message;

/**
 * The DR side of one VM under any sequence of messages of its peer. Only the declared failures come; the journal takes
 * sequences one after the other and data inside the volumes only, what is told as durable never falls, and all of it is
 * the same when the files are opened again.
 */
public final class StandbyFuzz {
    private static final MemoryFolder FOLDER = MemoryFolder.make();
    private static final long HEAP_BYTES = 64L << 20;
    private static final long SEGMENT_BYTES = 4096;
    private static final long LIMIT_BYTES = 65_536;
    private static final int MOST_MESSAGES = 64;

    private final StandbyJournal store;
    private final StandbyPeer peer;
    private RecordingLane lane = new RecordingLane();
    private long durable;

    private StandbyFuzz(Path folder) throws JournalException {
        store = StandbyJournal.open(folder, SEGMENT_BYTES, LIMIT_BYTES, 1);
        List<StandbyDisk> disks = HostileMessages.VOLUMES.subList(0, 2).stream()
                .map(volume ->
                        new StandbyDisk(volume, "disk", Optional.empty(), "MEMORY", OptionalInt.empty(), Map.of()))
                .toList();
        VmStrategy.Standby strategy = new VmStrategy.Standby(
                HostileMessages.VM, Optional.empty(), Optional.empty(), Optional.empty(), "192.0.2.1", 7100, disks);
        VmAlarms alarms = new VmAlarms(new Alarms(), HostileMessages.VM);
        Applier applier = new Applier(HostileMessages.VM, new UUID(5, 5), store, strategy, alarms, new NoHost());
        peer = new StandbyPeer(HostileMessages.VM, store, applier, new Host());
    }

    private static final class Alarms implements AlarmService {
        @Override
        public void raise(Kind kind, String subject, String text) {
            Check.that(!text.isEmpty(), "an alarm has a text");
        }

        @Override
        public void clear(Kind kind, String subject) {
            Check.that(!subject.isEmpty(), "an alarm has a subject");
        }
    }

    private final class Host implements StandbyPeer.Host {
        @Override
        public Set<VolumeId> volumes() {
            return Set.copyOf(HostileMessages.VOLUMES.subList(0, 2));
        }

        @Override
        public boolean refusing() {
            return false;
        }

        @Override
        public void taken() {
            peer.tellReady();
        }

        @Override
        public void applyInPlace(String why) throws VrgException {
            store.applyInPlace();
        }
    }

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(HEAP_BYTES, () -> run(FOLDER.emptied(), new Input(data)));
    }

    private static void run(Path folder, Input input) throws Exception {
        StandbyFuzz one = new StandbyFuzz(folder);
        HostileMessages messages = new HostileMessages(input);
        int most = MOST_MESSAGES;
        StandbyState state;
        long lastIndex;
        try (StandbyJournal store = one.store) {
            while (!input.isEmpty() && most-- > 0) {
                Optional<Message> message = messages.next();
                if (message.isPresent() && message.get() instanceof Message.OfVm ofVm) {
                    one.handle(ofVm);
                }
                if (input.below(4) == 3) {
                    one.sync();
                }
            }
            one.sync();
            one.checkJournal();
            state = store.state();
            lastIndex = store.journal().lastIndex();
        }
        try (StandbyJournal again = StandbyJournal.open(folder, SEGMENT_BYTES, LIMIT_BYTES, 2)) {
            Check.equal(lastIndex, again.journal().lastIndex(), "last index after a restart");
            Check.equal(state, again.state(), "state after a restart");
        }
    }

    private void handle(Message.OfVm message) throws VrgException {
        try {
            peer.handle(lane, message);
        } catch (LinkException e) {
            peer.malformed();
        } catch (JournalException e) {
            Check.equal(JournalException.Kind.FULL, e.kind(), "a failure of the journal: " + e.getMessage());
            peer.letGo("full");
        }
        for (Message answer : lane.taken()) {
            if (answer instanceof Message.Durable told) {
                Check.that(told.durableSequence() >= durable, "what is durable falls");
                durable = told.durableSequence();
                Check.that(durable <= store.journal().lastSequence(), "more is durable than there is");
            }
        }
        if (!lane.isOpen()) {
            lane = new RecordingLane();
        }
    }

    private void sync() throws JournalException {
        StandbyJournal.Point point = store.point();
        store.sync();
        store.storeState();
        peer.synced(point, false);
    }

    private void checkJournal() throws JournalException {
        Journal journal = store.journal();
        Check.that(journal.usedBytes() <= LIMIT_BYTES, "the journal is longer than its limit");
        long epoch = -1;
        long sequence = -1;
        try (Journal.Cursor cursor = journal.cursor(journal.firstIndex())) {
            for (Optional<Journal.Entry> entry = cursor.next(); entry.isPresent(); entry = cursor.next()) {
                StreamRecord record = entry.get().record();
                if (record.type().isSequenced()) {
                    boolean follows = entry.get().epoch() != epoch
                            ? record.sequence() > sequence
                            : record.sequence() == sequence + 1;
                    Check.that(follows, record + " follows " + sequence);
                    epoch = entry.get().epoch();
                    sequence = record.sequence();
                }
            }
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
