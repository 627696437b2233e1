package org.openvrg.wire;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.api.model.VolumeStatus;

/** One message on a lane of the link or on a connection to a writeagent. Immutable; holds no pooled buffers. */
public sealed interface Message permits Message.OfVm, Message.OfConnection {

    /** A message about one VM. */
    sealed interface OfVm extends Message {
        /** The VM. */
        UUID vmUuid();
    }

    /** A message about the connection itself. */
    sealed interface OfConnection extends Message
            permits Hello, HelloReply, Heartbeat, LaneTokenRequest, LaneToken, Unpair {}

    // ---- connection -------------------------------------------------------------------------------------------

    /**
     * First message of the side that connected.
     *
     * @param version protocol version, 1
     * @param capabilities bit set; bit 0: the sender has the receiver's certificate pinned
     * @param vrgUuid identity of the sender
     * @param listenIp where the sender itself takes link connections, empty text when it does not
     * @param listenPort its port, 0 when it does not
     * @param pairingProof HMAC over both fingerprints with the pairing secret, empty when none is configured
     */
    record Hello(int version, long capabilities, UUID vrgUuid, String listenIp, int listenPort, byte[] pairingProof)
            implements OfConnection {}

    /**
     * Answer to {@link Hello}.
     *
     * @param version version that both speak from here on
     * @param capabilities what both can do
     * @param vrgUuid identity of the sender
     * @param verdict whether the connection is accepted
     * @param detail English, for operators
     * @param pairingProof like that of {@link Hello}, with the roles exchanged
     */
    record HelloReply(int version, long capabilities, UUID vrgUuid, Verdict verdict, String detail, byte[] pairingProof)
            implements OfConnection {}

    /** Whether a connection is accepted. */
    enum Verdict {
        /** Go on. */
        ACCEPTED,
        /** The operator of this side has not named the peer yet; try again later. */
        PENDING,
        /** Never like this: another version, another certificate, not enrolled. */
        REFUSED
    }

    /** Sent when nothing else was for a while. */
    record Heartbeat(long sentEpochMillis) implements OfConnection {}

    /** Asks for leave to open a clear lane; only on a TLS lane. */
    record LaneTokenRequest() implements OfConnection {}

    /** Leave to open one clear lane within 10 s; empty when clear lanes are switched off. */
    record LaneToken(byte[] token) implements OfConnection {}

    /** The sender's operator removed the pairing. */
    record Unpair() implements OfConnection {}

    // ---- link, about a VM -------------------------------------------------------------------------------------

    /**
     * Production offers a VM; answered by {@link Position}.
     *
     * @param epoch its present epoch
     * @param firstSequence oldest record still in its journal, {@code lastSequence + 1} when there is none
     * @param lastSequence newest record in its journal, 0 before the first
     * @param resyncId the resync under way, 0 when none
     * @param state its present state
     * @param volumes all its volumes
     */
    record Attach(
            UUID vmUuid,
            long epoch,
            long firstSequence,
            long lastSequence,
            long resyncId,
            ProtectionState state,
            List<VolumeInfo> volumes)
            implements OfVm {}

    /**
     * A volume and its size.
     *
     * @param volume identity
     * @param sizeBytes size
     */
    record VolumeInfo(VolumeId volume, long sizeBytes) {}

    /**
     * The DR side tells where it stands.
     *
     * @param status whether the VM can be replicated now
     * @param detail English, for operators
     * @param epoch newest epoch it has seen, 0 when none
     * @param durableSequence newest record that is durable there
     * @param resyncId newest resync it has seen, 0 when none
     * @param resyncReady whether it is ready for the blocks of that resync
     * @param resyncDurableFrames how many frames of that resync's blocks are durable
     */
    record Position(
            UUID vmUuid,
            PositionStatus status,
            String detail,
            long epoch,
            long durableSequence,
            long resyncId,
            boolean resyncReady,
            long resyncDurableFrames)
            implements OfVm {}

    /** Whether the DR side can take a VM. */
    enum PositionStatus {
        /** Send. */
        OK,
        /** Not configured there, or with other volumes. */
        NOT_CONFIGURED,
        /** Configured, but journal or volumes can't be used now. */
        NOT_READY
    }

    /** Production tells its state, whenever it changes. */
    record StateChange(UUID vmUuid, ProtectionState state) implements OfVm {}

    /** Either side stops with a VM; the other attaches again later if it still has it. */
    record Detach(UUID vmUuid, String reason) implements OfVm {}

    /**
     * Records of the history.
     *
     * @param epoch their epoch
     * @param batch sequenced records with consecutive numbers
     */
    record Data(UUID vmUuid, long epoch, RecordBatch batch) implements OfVm {}

    /**
     * Blocks of a resync.
     *
     * @param resyncId the resync
     * @param frame number of this frame within the resync, from 1, consecutive
     * @param batch records of type {@code RESYNC_WRITE} and {@code RESYNC_ZERO}
     */
    record ResyncData(UUID vmUuid, long resyncId, long frame, RecordBatch batch) implements OfVm {}

    /**
     * The DR side tells how far it is; sent after each sync.
     *
     * @param durableSequence newest durable record
     * @param appliedSequence newest record on the volumes
     * @param checkpointEpochMillis wall-clock time of the newest durable checkpoint, 0 when none
     * @param resyncId newest resync, 0 when none
     * @param resyncDurableFrames durable frames of it
     */
    record Durable(
            UUID vmUuid,
            long durableSequence,
            long appliedSequence,
            long checkpointEpochMillis,
            long resyncId,
            long resyncDurableFrames)
            implements OfVm {}

    /** The DR side has applied all that came before the begin of a resync and can compare and take blocks. */
    record ResyncReady(UUID vmUuid, long resyncId) implements OfVm {}

    /** The DR side can't go on from what it has: production must start a consistency check. */
    record ResyncDemand(UUID vmUuid, String reason) implements OfVm {}

    /**
     * Asks for fingerprints of consecutive blocks; the last may be shorter where the volume ends.
     *
     * @param requestId chosen by the asker, returned in the reply
     * @param blockBytes size of a block
     * @param blockCount 1..1024
     */
    record HashRequest(UUID vmUuid, long requestId, VolumeKey volume, long offsetBytes, int blockBytes, int blockCount)
            implements OfVm {}

    /**
     * Fingerprints.
     *
     * @param hashes {@link org.openvrg.api.block.BlockHash#LENGTH_BYTES} bytes for each block; empty when the volume
     *     could not be read
     */
    record HashReply(UUID vmUuid, long requestId, byte[] hashes) implements OfVm {}

    // ---- writeagent, about a VM -------------------------------------------------------------------------------

    /**
     * The gateway takes the VM's volumes over on the agent; answered by {@link AgentPosition}.
     *
     * @param owner identity of the gateway
     * @param generation of its ownership
     * @param lastIndex newest entry of the DR journal: nothing beyond it was ever sent
     */
    record AgentAttach(UUID vmUuid, UUID owner, long generation, long lastIndex) implements OfVm {}

    /**
     * How far the agent is with a VM. Index numbers are those of the DR journal.
     *
     * @param appliedIndex newest entry on the volumes, 0 when it does not know
     * @param flushedIndex newest entry that survives a power loss
     */
    record AgentPosition(UUID vmUuid, long appliedIndex, long flushedIndex) implements OfVm {}

    /**
     * Opens a volume, or tells new settings for it; answered by {@link VolumeState}.
     *
     * @param sizeBytes size of the production volume, -1 when not yet known
     */
    record OpenVolume(
            UUID vmUuid,
            VolumeId volume,
            String volumeUrl,
            Optional<String> dsUrn,
            String volType,
            Map<String, String> extParams,
            long sizeBytes)
            implements OfVm {}

    /**
     * Status of a volume, sent after {@link OpenVolume} and whenever it changes.
     *
     * @param sizeBytes size of the standby volume, -1 when it is not open
     * @param newlyOwned whether nobody owned it before, and nothing was applied since: nobody knows what it holds
     * @param detail English, for operators
     */
    record VolumeState(
            UUID vmUuid, VolumeId volume, VolumeStatus status, long sizeBytes, boolean newlyOwned, String detail)
            implements OfVm {}

    /**
     * Closes a volume; answered by {@link VolumeClosed}.
     *
     * @param release whether to flush and give up the ownership
     */
    record CloseVolume(UUID vmUuid, VolumeId volume, boolean release) implements OfVm {}

    /**
     * A volume was closed.
     *
     * @param released false when ownership could not be given up
     * @param detail English, for operators
     */
    record VolumeClosed(UUID vmUuid, VolumeId volume, boolean released, String detail) implements OfVm {}

    /**
     * Entries of the DR journal to be carried out in order.
     *
     * @param firstIndex index of the first record of the batch; the others follow without gap
     * @param batch records of any type; marks change nothing
     */
    record Apply(UUID vmUuid, long firstIndex, RecordBatch batch) implements OfVm {}

    /** All entries up to an index stand on the volumes. */
    record Applied(UUID vmUuid, long index) implements OfVm {}

    /** An entry could not be carried out; the agent has stopped before it. */
    record ApplyFailed(UUID vmUuid, long index, VolumeId volume, String detail) implements OfVm {}

    /** Asks to sync all volumes of the VM; answered by {@link Flushed}. */
    record Flush(UUID vmUuid) implements OfVm {}

    /** All entries up to an index survive a power loss. */
    record Flushed(UUID vmUuid, long index) implements OfVm {}
}
