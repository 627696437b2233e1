package org.openvrg.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StreamRecord;

class RecordBatchTest {
    @Test
    void returnsTheRecordsThatWereAdded() throws LinkException {
        for (boolean compress : new boolean[] {false, true}) {
            RecordBatch.Builder builder = RecordBatch.builder(compress);
            List<StreamRecord> records = List.of(
                    Samples.write(4, "hello".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                    StreamRecord.resync(5, true, new ResyncMark(1, true, 2)),
                    new StreamRecord(6, RecordType.TRIM, Samples.VOLUME.key(), 0, 99, ByteBuffer.allocate(0)),
                    Samples.write(7, new byte[100_000]));
            for (StreamRecord record : records) {
                assertTrue(builder.tryAdd(record));
            }
            RecordBatch batch = builder.build();
            assertEquals(records, batch.unpack());
            assertEquals(4, batch.count());
            assertEquals(4, batch.first());
            assertEquals(7, batch.last());
            assertEquals(compress, batch.compressed());
            assertTrue(builder.isEmpty());
        }
    }

    @Test
    void buildsAgainAfterABuild() throws LinkException {
        RecordBatch.Builder builder = RecordBatch.builder(true);
        builder.tryAdd(Samples.write(1, new byte[1000]));
        RecordBatch one = builder.build();
        builder.tryAdd(Samples.write(2, new byte[10]));
        RecordBatch two = builder.build();
        assertEquals(List.of(Samples.write(1, new byte[1000])), one.unpack());
        assertEquals(List.of(Samples.write(2, new byte[10])), two.unpack());
        assertThrows(IllegalStateException.class, builder::build);
    }

    @Test
    void takesARecordOfTheLargestSizeAndNoMoreThanTheLimit() throws LinkException {
        RecordBatch.Builder builder = RecordBatch.builder(true);
        byte[] noise = new byte[StreamRecord.MAX_PAYLOAD_BYTES];
        new Random(1).nextBytes(noise);
        assertTrue(builder.tryAdd(Samples.write(1, noise)));
        assertFalse(builder.tryAdd(Samples.write(2, new byte[4096])));
        assertTrue(builder.rawBytes() <= RecordBatch.MAX_RAW_BYTES);
        RecordBatch batch = builder.build();
        assertFalse(batch.compressed(), "noise travels raw");
        assertEquals(batch.rawBytes(), batch.packedBytes());
        assertEquals(Samples.write(1, noise), batch.unpack().get(0));
    }

    @Test
    void leavesThePayloadOfTheCallerUntouched() {
        ByteBuffer payload = ByteBuffer.allocateDirect(10);
        RecordBatch.Builder builder = RecordBatch.builder(false);
        builder.tryAdd(new StreamRecord(1, RecordType.WRITE, Samples.VOLUME.key(), 0, 10, payload));
        assertEquals(10, payload.remaining());
    }

    @Test
    void refusesLengthsThatContradictEachOther() {
        RecordBatch plain = Samples.batch(false);
        RecordBatch packed = Samples.batch(true);
        assertThrows(
                LinkException.class, () -> RecordBatch.ofPacked(false, 3, 7, 9, plain.rawBytes() + 1, plain.packed()));
        assertThrows(
                LinkException.class, () -> RecordBatch.ofPacked(true, 3, 7, 9, packed.rawBytes() + 1, packed.packed()));
        assertThrows(
                LinkException.class, () -> RecordBatch.ofPacked(true, 3, 7, 9, Integer.MAX_VALUE, packed.packed()));
        assertThrows(LinkException.class, () -> RecordBatch.ofPacked(false, 0, 7, 9, plain.rawBytes(), plain.packed()));
        assertThrows(
                LinkException.class,
                () -> RecordBatch.ofPacked(false, Integer.MAX_VALUE, 7, 9, plain.rawBytes(), plain.packed()));
    }

    @Test
    void refusesOtherSequencesOrCountsThanTheFrameNames() throws LinkException {
        RecordBatch good = Samples.batch(false);
        int raw = good.rawBytes();
        for (RecordBatch bad : List.of(
                RecordBatch.ofPacked(false, 3, 6, 9, raw, good.packed()),
                RecordBatch.ofPacked(false, 3, 7, 10, raw, good.packed()),
                RecordBatch.ofPacked(false, 2, 7, 8, raw, good.packed()),
                RecordBatch.ofPacked(false, 4, 7, 9, raw, good.packed()))) {
            assertThrows(LinkException.class, bad::unpack);
        }
    }

    @Test
    void survivesDamageAnywhere() throws LinkException {
        Random random = new Random(7);
        for (boolean compress : new boolean[] {false, true}) {
            RecordBatch good = Samples.batch(compress);
            for (int at = 0; at < good.packedBytes(); at++) {
                byte[] bytes = Arrays.copyOf(good.packed(), good.packedBytes());
                bytes[at] = (byte) random.nextInt();
                try {
                    unpackAnyhow(RecordBatch.ofPacked(compress, 3, 7, 9, good.rawBytes(), bytes));
                } catch (LinkException e) {
                    assertTrue(e.getMessage().length() > 0);
                }
            }
        }
    }

    static void unpackAnyhow(RecordBatch batch) {
        try {
            assertEquals(batch.count(), batch.unpack().size());
        } catch (LinkException e) {
            assertTrue(e.getMessage().length() > 0);
        }
    }
}
