package org.openvrg.api.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class StreamRecordTest {
    private static final VolumeKey KEY = new VolumeId("vol-1").key();

    @Test
    void refusesPayloadThatDoesNotFitTheRange() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new StreamRecord(1, RecordType.WRITE, KEY, 0, 5, ByteBuffer.allocate(4)));
        assertThrows(
                IllegalArgumentException.class,
                () -> new StreamRecord(1, RecordType.ZERO, KEY, 0, 5, ByteBuffer.allocate(5)));
        assertThrows(
                IllegalArgumentException.class,
                () -> new StreamRecord(1, RecordType.ZERO, KEY, Long.MAX_VALUE, 5, ByteBuffer.allocate(0)));
    }

    @Test
    void resyncMarkSurvivesItsEncoding() {
        ResyncMark mark = new ResyncMark(7, true, 1234567890123L);
        assertEquals(mark, ResyncMark.decode(mark.encode()));
        assertThrows(IllegalArgumentException.class, () -> ResyncMark.decode(ByteBuffer.allocate(16)));
    }

    @Test
    void volumeKeysDifferByName() {
        assertFalse(KEY.equals(new VolumeId("vol-2").key()));
        assertEquals(KEY, new VolumeId("vol-1").key());
        assertTrue(VolumeId.isValid("a".repeat(64)));
        assertFalse(VolumeId.isValid("a".repeat(65)));
        assertFalse(VolumeId.isValid("../x"));
    }

    @Test
    void recordTypeCodesAreStable() {
        int code = 1;
        for (RecordType type : RecordType.values()) {
            assertEquals(code, type.code());
            assertEquals(type, RecordType.ofCode(code++).orElseThrow());
        }
        assertTrue(RecordType.ofCode(0).isEmpty());
        assertTrue(RecordType.ofCode(9).isEmpty());
    }
}
