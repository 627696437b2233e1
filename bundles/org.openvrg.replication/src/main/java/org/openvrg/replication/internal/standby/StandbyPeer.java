package org.openvrg.replication.internal.standby;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The DR side's end of the attachment to production: checks what comes, puts it into the journal, and tells how far it
 * is. Records are hostile until checked: their kind, their marks, and that they stay inside the volumes that production
 * named when it attached. Confined to the VM's actor, but for the figures.
 */
final class StandbyPeer {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyPeer.class);
    private static final int MAX_DETAIL_CHARACTERS = 200;

    /** What the peer needs of its VM. */
    interface Host {
        /** The volumes that are configured. */
        Set<VolumeId> volumes();

        /** Whether nothing is taken, because the VM is being removed. */
        boolean refusing();

        /** Something stands in the journal that is not yet durable, or the state changed. */
        void taken();

        /** The copy from before the resync is given up. */
        void applyInPlace(String why) throws VrgException;
    }

    private final UUID vmUuid;
    private final StandbyJournal store;
    private final Applier applier;
    private final Host host;
    private final AtomicLong receivedBytes = new AtomicLong();
    private final AtomicLong wireBytes = new AtomicLong();
    private final Map<VolumeKey, Long> sizes = new HashMap<>();

    private Optional<Lane> lane = Optional.empty();

    /** Lanes on which production was told that it is not attached there, and has not attached since. */
    private final Set<Lane> detached = new HashSet<>();

    private volatile StandbyJournal.Point durable;
    private volatile String detail = "waiting for production";
    private boolean letGoAfterSync;
    private boolean readyTold;
    private long readyFor;

    StandbyPeer(UUID vmUuid, StandbyJournal store, Applier applier, Host host) {
        this.vmUuid = vmUuid;
        this.store = store;
        this.applier = applier;
        this.host = host;
        this.durable = store.point();
    }

    StandbyJournal.Point durable() {
        return durable;
    }

    String detail() {
        return detail;
    }

    long receivedBytes() {
        return receivedBytes.get();
    }

    long wireBytes() {
        return wireBytes.get();
    }

    void handle(Lane from, Message.OfVm message) throws VrgException {
        if (message instanceof Message.Attach attach) {
            onAttach(from, attach);
            return;
        }
        if (lane.isEmpty() || lane.get() != from) {
            onLeftOver(from, message);
            return;
        }
        if (letGoAfterSync) {
            return;
        }
        if (message instanceof Message.Data data) {
            onData(data);
        } else if (message instanceof Message.ResyncData blocks) {
            onBlocks(blocks);
        } else if (message instanceof Message.HashRequest request) {
            onHashRequest(request);
        } else if (message instanceof Message.StateChange change) {
            store.peerState(change.state());
            host.taken();
        } else if (message instanceof Message.Detach detach) {
            lane = Optional.empty();
            String reason = detach.reason();
            detail = "production let go: " + reason.substring(0, Math.min(MAX_DETAIL_CHARACTERS, reason.length()));
        } else {
            LOG.warn("The peer sent an unexpected {}", message.getClass().getSimpleName());
            malformed();
        }
    }

    /**
     * Left over from an attachment that ended, or production holds itself attached where it is not: where the VM changes
     * lanes, what was sent on the one may overtake what was sent on the other. Told once, it attaches anew.
     */
    private void onLeftOver(Lane from, Message.OfVm message) {
        if (!(message instanceof Message.Detach) && detached.add(from)) {
            from.send(new Message.Detach(vmUuid, "the VM is not attached on this connection"));
        }
    }

    private void onAttach(Lane from, Message.Attach attach) throws VrgException {
        Set<VolumeId> offered = new HashSet<>();
        attach.volumes().forEach(volume -> offered.add(volume.volume()));
        if (host.refusing() || !offered.equals(host.volumes())) {
            detail = host.refusing()
                    ? "the VM is being removed"
                    : "production has the volumes " + offered + ", configured here are " + host.volumes();
            from.send(position(Message.PositionStatus.NOT_CONFIGURED, detail, false));
            return;
        }
        boolean failed = store.journal().failed();
        if (failed || store.journal().usedBytes() > store.journal().limitBytes() * 9 / 10) {
            detail = failed ? "the DR journal failed" : "the DR journal is nearly full";
            from.send(position(Message.PositionStatus.NOT_READY, detail, false));
            return;
        }
        lane = Optional.of(from);
        detached.remove(from);
        letGoAfterSync = false;
        detail = "attached to production";
        sizes.clear();
        attach.volumes().forEach(volume -> sizes.put(volume.volume().key(), volume.sizeBytes()));
        store.attached();
        store.peerState(attach.state());
        applier.sizes(attach.volumes());
        readyTold = barrierPassed();
        readyFor = store.state().resyncId();
        from.send(position(Message.PositionStatus.OK, "", readyTold));
        host.taken();
    }

    private Message.Position position(Message.PositionStatus status, String why, boolean ready) {
        return new Message.Position(
                vmUuid,
                status,
                why,
                store.state().epoch(),
                durable.sequence(),
                store.state().resyncId(),
                ready,
                0);
    }

    /** What came before the begin of a comparing resync must stand on the volumes before anything is compared. */
    private boolean barrierPassed() {
        StandbyState now = store.state();
        if (now.resyncId() == 0 || durable.resyncId() != now.resyncId()) {
            return false;
        }
        return !now.compare() || (applier.ready() && applier.appliedIndex() >= now.beginIndex() - 1);
    }

    private void onData(Message.Data data) throws VrgException {
        List<StreamRecord> records = data.batch().unpack();
        long sequence = data.batch().first();
        for (StreamRecord record : records) {
            check(record, record.type().isSequenced());
            if (record.sequence() != sequence++) {
                throw new LinkException("the sequences of a batch are not consecutive");
            }
        }
        if (store.take(data.epoch(), records) == StandbyJournal.Outcome.GAP) {
            LOG.warn(
                    "VM {}: records from {} do not follow {}",
                    vmUuid,
                    data.batch().first(),
                    store.journal().lastSequence());
            letGo("records do not follow what is here");
            return;
        }
        wireBytes.addAndGet(data.batch().packedBytes());
        records.forEach(record -> receivedBytes.addAndGet(record.lengthBytes()));
        StandbyState now = store.state();
        if (now.holdIndex() > 0 && now.compare() && now.resyncId() != 0 && now.holdIndex() < now.beginIndex()) {
            // Behind an unfinished resync that is held back nothing could ever be compared.
            host.applyInPlace("a resync was broken off and a comparison follows");
        }
        host.taken();
    }

    private void onBlocks(Message.ResyncData blocks) throws VrgException {
        List<StreamRecord> records = blocks.batch().unpack();
        for (StreamRecord record : records) {
            check(record, !record.type().isSequenced());
        }
        if (store.takeBlocks(blocks.resyncId(), blocks.frame(), records) == StandbyJournal.Outcome.GAP) {
            letGo("blocks do not belong to the resync under way");
            return;
        }
        wireBytes.addAndGet(blocks.batch().packedBytes());
        host.taken();
    }

    private void check(StreamRecord record, boolean rightKind) throws LinkException {
        if (!rightKind) {
            throw new LinkException("a " + record.type() + " does not belong into this message");
        }
        if (record.type().isData()) {
            Long size = sizes.get(record.volume());
            if (size == null || record.endBytes() > size) {
                throw new LinkException("a " + record.type() + " is not inside a volume of the VM");
            }
            return;
        }
        try {
            if (record.type() != RecordType.CHECKPOINT) {
                ResyncMark.decode(record.payload());
            } else if (record.payload().remaining() != Long.BYTES) {
                throw new LinkException("a checkpoint carries 8 bytes");
            }
        } catch (IllegalArgumentException e) {
            throw new LinkException(e.getMessage(), e);
        }
    }

    private void onHashRequest(Message.HashRequest request) {
        Optional<Lane> agent = applier.lane();
        // Outside a resync it is production's scrub that asks; it waits itself for what has to be applied before.
        boolean comparable = store.state().resyncId() == 0 || barrierPassed();
        if (agent.isPresent() && applier.ready() && comparable) {
            agent.get().send(request);
        } else {
            forward(new Message.HashReply(vmUuid, request.requestId(), new byte[0]));
        }
    }

    /** Passes fingerprints of the agent on. */
    void forward(Message.HashReply reply) {
        lane.ifPresent(open -> open.send(reply));
    }

    /** The journal is durable up to a point. */
    void synced(StandbyJournal.Point point, boolean moreToSync) {
        durable = point;
        tellDurable();
        if (letGoAfterSync && !moreToSync) {
            letGoAfterSync = false;
            letGo(detail);
        }
    }

    /** The journal starts anew. */
    void reset() {
        durable = store.point();
    }

    void tellDurable() {
        StandbyJournal.Point point = durable;
        lane.ifPresent(open -> open.send(new Message.Durable(
                vmUuid,
                point.sequence(),
                applier.appliedSequence(),
                point.checkpointEpochMillis(),
                point.resyncId(),
                store.framesOf(point))));
    }

    /** Tells production, once for each resync, that it can compare and send blocks. */
    void tellReady() {
        long resyncId = store.state().resyncId();
        if (readyTold && resyncId == readyFor) {
            return;
        }
        readyTold = barrierPassed();
        if (readyTold) {
            readyFor = resyncId;
            lane.ifPresent(open -> open.send(new Message.ResyncReady(vmUuid, resyncId)));
        }
    }

    /** Ends the attachment; production attaches again later. */
    void letGo(String reason) {
        detail = reason;
        lane.ifPresent(open -> {
            open.send(new Message.Detach(vmUuid, reason));
            detached.add(open);
        });
        lane = Optional.empty();
    }

    /**
     * The same once what was taken so far is durable and acknowledged, so that it does not come again.
     *
     * @return whether there is an attachment to end
     */
    boolean letGoAfterSync(String reason) {
        detail = reason;
        letGoAfterSync = lane.isPresent();
        return letGoAfterSync;
    }

    /** The peer breaks the protocol: its lane is closed. */
    void malformed() {
        lane.ifPresent(open -> open.close("malformed message"));
        lane = Optional.empty();
    }

    void laneClosed(Lane gone) {
        detached.remove(gone);
        if (lane.isPresent() && lane.get() == gone) {
            lane = Optional.empty();
            detail = "the link is down";
        }
    }
}
