package org.openvrg.replication.internal.production;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeId;
import org.openvrg.journal.ActivityLog;
import org.openvrg.replication.internal.machine.ProductionMachine;

/** Walks the table of what a start finds. */
class VmFilesTest {
    private static final UUID VM = UUID.randomUUID();
    private static final UUID BOOT = UUID.randomUUID();
    private static final VolumeId ID = new VolumeId("vol");
    private static final int SIZE_BYTES = 16 << 20;
    private static final ProductionMachine.Saved QUEUE = new ProductionMachine.Saved(true, true, false, 1, 1);

    @TempDir
    Path folder;

    private Path disk;

    @BeforeEach
    void makeDisk() throws Exception {
        disk = folder.resolve("disk.raw");
        Files.write(disk, new byte[SIZE_BYTES]);
    }

    private VmFiles open(UUID boot) throws VrgException {
        if (!boot.equals(BOOT)) {
            loseMemory();
        }
        return VmRecovery.open(
                settings(boot), VM, List.of(new VmFiles.Disk(ID, () -> RawFileVolume.open(disk, "vol"), true)));
    }

    private ProductionSettings settings(UUID boot) {
        return new ProductionSettings(folder.resolve("vms"), folder.resolve("live"), 1 << 20, 64 << 20, 50, 0, boot);
    }

    private VmFolder vmFolder() {
        return VmFolder.of(settings(BOOT), VM);
    }

    /** What a power loss does to all that lives in memory. */
    private void loseMemory() {
        for (java.io.File file :
                Optional.ofNullable(vmFolder().live().toFile().listFiles()).orElse(new java.io.File[0])) {
            assertTrue(file.delete());
        }
    }

    /** Leaves files behind as a killed process would: two writes in the journal, the second not in the volume. */
    private void leaveQueue(ProductionMachine.Saved saved, boolean captureStopped) throws VrgException {
        try (VmFiles files = open(BOOT)) {
            files.volumes().get(0).dirty.clearAll();
            files.journal().beginEpoch(1);
            files.mode().noteCaptureStarted(1, 0);
            files.journal().append(StreamRecord.resync(1, true, new ResyncMark(1, true, 0)));
            for (int i = 2; i <= 3; i++) {
                files.volumes().get(0).activity.touch(8 << 20, 1, i);
                files.journal()
                        .append(new StreamRecord(
                                i, RecordType.WRITE, ID.key(), 8L << 20, 1, ByteBuffer.wrap(new byte[] {(byte) i})));
            }
            files.volumes().get(0).disk.write(8 << 20, ByteBuffer.wrap(new byte[] {2}));
            files.mode().redoMark(2);
            files.mode().save(saved);
            if (captureStopped) {
                files.mode().noteCaptureStopped();
                files.volumes().get(0).disk.write(8 << 20, ByteBuffer.wrap(new byte[] {9}));
                files.volumes().get(0).dirty.mark(8 << 20, 1);
            }
        }
    }

    private static int byteOf(VmFiles files) throws VrgException {
        ByteBuffer one = ByteBuffer.allocate(1);
        files.volumes().get(0).disk.read(8 << 20, one);
        return one.get(0);
    }

    @Test
    void nothingFoundLeadsToAFullCheck() throws Exception {
        try (VmFiles files = open(BOOT)) {
            assertEquals(
                    SIZE_BYTES / VmFiles.BLOCK_BYTES,
                    files.volumes().get(0).dirty.dirtyBlocks());
            assertEquals(ProtectionState.CONSISTENCY_CHECK, files.newMachine().state());
        }
    }

    @Test
    void killedInTheQueueRedoesWhatWasUnderWay() throws Exception {
        leaveQueue(QUEUE, false);
        try (VmFiles files = open(BOOT)) {
            assertEquals(3, byteOf(files));
            assertTrue(files.newMachine().capturing());
            assertEquals(0, files.volumes().get(0).dirty.dirtyBlocks());
            assertEquals(3, files.journal().lastSequence());
        }
    }

    @Test
    void killedWhileMarkingRedoesNothing() throws Exception {
        leaveQueue(QUEUE, true);
        try (VmFiles files = open(BOOT)) {
            assertEquals(9, byteOf(files), "a later write that passed the journal by must stay");
            assertFalse(files.newMachine().capturing());
            assertEquals(1, files.volumes().get(0).dirty.dirtyBlocks());
        }
    }

    @Test
    void powerLossInTheQueueMarksTheActiveExtents() throws Exception {
        leaveQueue(QUEUE, false);
        try (VmFiles files = open(UUID.randomUUID())) {
            assertEquals(3, byteOf(files));
            assertEquals(
                    (4 << 20) / VmFiles.BLOCK_BYTES,
                    files.volumes().get(0).dirty.dirtyBlocks());
            assertTrue(files.volumes().get(0).dirty.isDirty((8 << 20) / VmFiles.BLOCK_BYTES));
            assertEquals(ProtectionState.INCREMENTAL_CBT, files.newMachine().state());
            assertTrue(files.journal().firstIndex() > files.journal().lastIndex());
        }
    }

    @Test
    void powerLossWhileMarkingLeadsToAFullCheck() throws Exception {
        leaveQueue(QUEUE, true);
        try (VmFiles files = open(UUID.randomUUID())) {
            assertEquals(
                    SIZE_BYTES / VmFiles.BLOCK_BYTES,
                    files.volumes().get(0).dirty.dirtyBlocks());
            assertEquals(ProtectionState.CONSISTENCY_CHECK, files.newMachine().state());
        }
    }

    @Test
    void distrustedVmIsCheckedInFull() throws Exception {
        leaveQueue(QUEUE, false);
        vmFolder().distrust();
        try (VmFiles files = open(BOOT)) {
            assertEquals(2, byteOf(files));
            assertEquals(
                    SIZE_BYTES / VmFiles.BLOCK_BYTES,
                    files.volumes().get(0).dirty.dirtyBlocks());
        }
    }

    @Test
    void memoryThatWasLostWithoutAPowerLossIsCheckedInFull() throws Exception {
        leaveQueue(QUEUE, false);
        loseMemory();
        try (VmFiles files = open(BOOT)) {
            assertEquals(
                    SIZE_BYTES / VmFiles.BLOCK_BYTES,
                    files.volumes().get(0).dirty.dirtyBlocks());
            assertEquals(ProtectionState.CONSISTENCY_CHECK, files.newMachine().state());
        }
    }

    @Test
    void bitmapThatWasLostWithoutAPowerLossIsCheckedInFull() throws Exception {
        leaveQueue(QUEUE, false);
        Files.delete(vmFolder().live().resolve(ID.key() + ".dirty"));
        try (VmFiles files = open(BOOT)) {
            assertEquals(
                    SIZE_BYTES / VmFiles.BLOCK_BYTES,
                    files.volumes().get(0).dirty.dirtyBlocks());
        }
    }

    @Test
    void replacedJournalIsEmptyAndWhatItMayHaveLostIsMarked() throws Exception {
        leaveQueue(QUEUE, false);
        try (VmFiles files = open(BOOT)) {
            files.mode().noteCaptureStopped();
            files.volumes().get(0).dirty.clearAll();
            long last = files.journal().lastSequence();
            files.replaceJournal(last);
            assertEquals(0, files.volumes().get(0).dirty.dirtyBlocks(), "the DR side has all of it");
            assertEquals(last + 1, files.firstSequence());

            files.journal().append(StreamRecord.checkpoint(last + 1, 0));
            files.volumes().get(0).activity.touch(8 << 20, 1, last + 1);
            files.replaceJournal(last);
            assertEquals(
                    ActivityLog.EXTENT_BYTES / VmFiles.BLOCK_BYTES,
                    files.volumes().get(0).dirty.dirtyBlocks());
            assertTrue(files.volumes().get(0).dirty.isDirty((8 << 20) / VmFiles.BLOCK_BYTES));
            assertEquals(0, files.volumes().get(0).activity.hotExtents());
            assertFalse(files.journalFailed());
        }
    }

    @Test
    void volumesAreRememberedUntilTheVmIsDeleted() throws Exception {
        leaveQueue(QUEUE, false);
        assertEquals(
                List.of(ID), List.copyOf(VmFolder.remembered(settings(BOOT)).keySet()));
        vmFolder().delete();
        assertTrue(VmFolder.remembered(settings(BOOT)).isEmpty());
    }
}
