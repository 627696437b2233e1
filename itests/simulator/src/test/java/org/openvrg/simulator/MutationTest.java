package org.openvrg.simulator;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The judge is awake: each of these faults in the product breaks a promise within some seeds. */
class MutationTest {
    private static final String REPLICATION = "org.openvrg.replication";
    private static final String PRODUCTION = REPLICATION + ".internal.production.";
    private static final String STANDBY = REPLICATION + ".internal.standby.";
    private static final long MOST_RUNS = 3000;

    @TempDir
    Path folder;

    static Stream<Mutation> mutations() {
        return Stream.of(
                new Mutation(
                        "acknowledges before it appends",
                        REPLICATION,
                        PRODUCTION + "Ingest",
                        "Optional<String> failure = journal(operation);",
                        "operation.answer.complete(null); Optional<String> failure = journal(operation);"),
                new Mutation(
                        "skips the activity log",
                        REPLICATION,
                        PRODUCTION + "Ingest",
                        "operation.volume.activity.touch(operation.offsetBytes, operation.lengthBytes, sequence);",
                        ""),
                new Mutation(
                        "drops a mark of the bitmap",
                        REPLICATION,
                        PRODUCTION + "Ingest",
                        "if (!kept) { volume.dirty.mark(operation.offsetBytes, operation.lengthBytes); }",
                        ""),
                new Mutation(
                        "waits for a slow journal for ever",
                        REPLICATION,
                        PRODUCTION + "Ingest",
                        "if (waitedNanos() < boundNanos) {",
                        "if (boundNanos > 0) {"),
                new Mutation(
                        "takes a power loss for a kill",
                        REPLICATION,
                        PRODUCTION + "ModeFile",
                        "public boolean sameBoot() { return sameBoot; }",
                        "public boolean sameBoot() { return true; }"),
                new Mutation(
                        "does not redo the journal",
                        REPLICATION,
                        PRODUCTION + "VmRecovery",
                        "if (!volume.inline || record.endBytes() > volume.sizeBytes()) {",
                        "if (volume.inline) {"),
                new Mutation(
                        "resumes one record too late",
                        REPLICATION,
                        REPLICATION + ".internal.machine.ProductionMachine",
                        "return Math.max(peerDurable + 1, firstSequence);",
                        "return Math.max(peerDurable + 2, firstSequence);"),
                new Mutation(
                        "applies what is held back",
                        REPLICATION,
                        STANDBY + "StandbyJournal",
                        "return state.holdIndex() > 0 ? state.holdIndex() : journal.lastIndex();",
                        "return journal.lastIndex();"),
                new Mutation(
                        "trims what the volumes have not flushed",
                        REPLICATION,
                        STANDBY + "Applier",
                        "setApplied(Math.max(appliedIndex, index));",
                        "setApplied(Math.max(appliedIndex, index)); store.journal().trim(index);"),
                new Mutation(
                        "says that it has synced, and has not",
                        "org.openvrg.journal",
                        "org.openvrg.journal.Journal",
                        "current.force();",
                        ""),
                new Mutation(
                        "ignores the CRC of a record",
                        "org.openvrg.journal",
                        "org.openvrg.journal.JournalCursor",
                        "if (!seek(current.endBytes()) || !reader.isPayloadIntact()) {",
                        "if (!seek(current.endBytes()) || !reader.isPayloadIntact() && position < 0) {"),
                new Mutation(
                        "ignores the checksum of a frame",
                        "org.openvrg.wire",
                        "org.openvrg.wire.FrameDecoder",
                        "if (Frame.checksum(in, start, frame.lengthBytes()) != frame.checksum()) {",
                        "if (start < 0) {"),
                new Mutation(
                        "forgets fencing",
                        "org.openvrg.writeagent",
                        "org.openvrg.writeagent.internal.VmVolumes",
                        "closeAll(); slots.clear();",
                        "slots.clear();"));
    }

    @ParameterizedTest
    @MethodSource("mutations")
    void isNoticed(Mutation mutation) throws Exception {
        String failure = mutation.firstFailure(folder, MOST_RUNS);
        assertFalse(failure.isEmpty(), "nobody notices a product that " + mutation.what());
        System.out.println("A product that " + mutation.what() + ": " + failure);
    }
}
