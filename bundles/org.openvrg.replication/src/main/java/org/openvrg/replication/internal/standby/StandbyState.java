package org.openvrg.replication.internal.standby;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.file.DurableFile;
import org.openvrg.api.model.ProtectionState;

/**
 * What the DR side must know of a VM after a restart, beside the journal. Written after the journal was synced, so that
 * it never speaks of entries that do not exist; marks that came later are found by reading the journal.
 *
 * @param generation of the ownership on the agent; fixed for the life of the VM here
 * @param consistent whether the volumes, as far as they are applied, are crash-consistent
 * @param resyncId resync that began and has not ended, 0 when none
 * @param compare whether it compares
 * @param beginIndex index of its begin, 0 when none
 * @param endIndex index of the end that makes the volumes consistent once it is applied, 0 when none
 * @param holdIndex newest entry that may be applied, 0 when all may
 * @param epoch newest epoch of the stream
 * @param checkpointEpochMillis newest consistent point, 0 when none
 * @param peerState state that production told last
 */
record StandbyState(
        long generation,
        boolean consistent,
        long resyncId,
        boolean compare,
        long beginIndex,
        long endIndex,
        long holdIndex,
        long epoch,
        long checkpointEpochMillis,
        ProtectionState peerState) {

    static StandbyState fresh(long generation) {
        return new StandbyState(generation, false, 0, true, 0, 0, 0, 0, 0, ProtectionState.CONSISTENCY_CHECK);
    }

    /**
     * A resync begins. It is held back when the volumes are consistent before it, or will be once the end of the
     * resync before it has been applied.
     */
    StandbyState begin(long id, boolean compareBlocks, long index) {
        boolean consistentBefore = resyncId == 0 && (consistent || endIndex > 0);
        long hold = holdIndex == 0 && consistentBefore ? index : holdIndex;
        return new StandbyState(
                generation,
                consistent,
                id,
                compareBlocks,
                index,
                endIndex,
                hold,
                epoch,
                checkpointEpochMillis,
                peerState);
    }

    /** The resync has ended: its entries may be applied, and until the last of them is, the volumes are a mixture. */
    StandbyState end(long index, long epochMillis) {
        return new StandbyState(generation, false, 0, compare, 0, index, 0, epoch, epochMillis, peerState);
    }

    StandbyState applied(long index) {
        return endIndex == 0 || index < endIndex
                ? this
                : new StandbyState(
                        generation,
                        true,
                        resyncId,
                        compare,
                        beginIndex,
                        0,
                        holdIndex,
                        epoch,
                        checkpointEpochMillis,
                        peerState);
    }

    /** Gives up the last consistent copy. */
    StandbyState inPlace() {
        return new StandbyState(
                generation, false, resyncId, compare, beginIndex, 0, 0, epoch, checkpointEpochMillis, peerState);
    }

    StandbyState withEpoch(long newEpoch) {
        return new StandbyState(
                generation,
                consistent,
                resyncId,
                compare,
                beginIndex,
                endIndex,
                holdIndex,
                newEpoch,
                checkpointEpochMillis,
                peerState);
    }

    StandbyState withCheckpoint(long epochMillis) {
        return new StandbyState(
                generation,
                consistent,
                resyncId,
                compare,
                beginIndex,
                endIndex,
                holdIndex,
                epoch,
                epochMillis,
                peerState);
    }

    StandbyState withPeerState(ProtectionState state) {
        return new StandbyState(
                generation,
                consistent,
                resyncId,
                compare,
                beginIndex,
                endIndex,
                holdIndex,
                epoch,
                checkpointEpochMillis,
                state);
    }

    /** Forgets marks behind an index, after the journal lost its tail. */
    StandbyState cutAt(long lastIndex) {
        if (beginIndex <= lastIndex && endIndex <= lastIndex && holdIndex <= lastIndex) {
            return this;
        }
        return new StandbyState(generation, false, 0, true, 0, 0, 0, 0, 0, ProtectionState.CONSISTENCY_CHECK);
    }

    /**
     * Forgets the history, but not what the volumes are: entries go to them in order, so whatever is lost of the
     * journal, they stand at one point of it.
     */
    StandbyState distrusted(long newGeneration) {
        StandbyState fresh = fresh(newGeneration);
        return new StandbyState(
                newGeneration, consistent, 0, fresh.compare, 0, 0, 0, 0, 0, ProtectionState.CONSISTENCY_CHECK);
    }

    /** The contract's state: what matters to whoever fails over now. */
    ProtectionState contractState() {
        if (resyncId != 0) {
            return compare ? ProtectionState.CONSISTENCY_CHECK : ProtectionState.INCREMENTAL_CBT;
        }
        if (!consistent && endIndex == 0) {
            return ProtectionState.CONSISTENCY_CHECK;
        }
        return peerState;
    }

    static java.util.Optional<StandbyState> load(Path file) throws JournalException {
        if (!Files.exists(file)) {
            return java.util.Optional.empty();
        }
        Properties values = new Properties();
        try (InputStream in = Files.newInputStream(file)) {
            values.load(in);
            return java.util.Optional.of(new StandbyState(
                    number(values, "generation"),
                    number(values, "consistent") == 1,
                    number(values, "resync"),
                    number(values, "compare") == 1,
                    number(values, "begin"),
                    number(values, "end"),
                    number(values, "hold"),
                    number(values, "epoch"),
                    number(values, "checkpoint"),
                    ProtectionState.ofNumber((int) number(values, "peer-state"))));
        } catch (IOException | IllegalArgumentException e) {
            throw new JournalException(
                    JournalException.Kind.DAMAGED, "the state file of a standby VM can't be read", e);
        }
    }

    private static long number(Properties values, String key) {
        String text = values.getProperty(key);
        if (text == null) {
            throw new IllegalArgumentException("no value for " + key);
        }
        return Long.parseLong(text);
    }

    /** Replaces the file; on stable storage when it returns. */
    void store(Path file) throws JournalException {
        Properties values = new Properties();
        values.setProperty("generation", Long.toString(generation));
        values.setProperty("consistent", consistent ? "1" : "0");
        values.setProperty("resync", Long.toString(resyncId));
        values.setProperty("compare", compare ? "1" : "0");
        values.setProperty("begin", Long.toString(beginIndex));
        values.setProperty("end", Long.toString(endIndex));
        values.setProperty("hold", Long.toString(holdIndex));
        values.setProperty("epoch", Long.toString(epoch));
        values.setProperty("checkpoint", Long.toString(checkpointEpochMillis));
        values.setProperty("peer-state", Integer.toString(peerState.number()));
        try {
            StringWriter text = new StringWriter();
            values.store(text, null);
            DurableFile.replace(file, text.toString().getBytes(StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw new JournalException(
                    JournalException.Kind.FAILED, "the state file of a standby VM can't be written", e);
        }
    }
}
