package org.openvrg.writeagent.internal;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.wire.Message.Apply;
import org.openvrg.wire.RecordBatch;

/** Entries as a gateway sends them. */
final class Entries {
    private Entries() {}

    /** One that fills a range with a byte. */
    static StreamRecord write(VolumeId volume, long sequence, long offsetBytes, int lengthBytes, int value) {
        byte[] bytes = new byte[lengthBytes];
        Arrays.fill(bytes, (byte) value);
        return new StreamRecord(
                sequence, RecordType.WRITE, volume.key(), offsetBytes, lengthBytes, ByteBuffer.wrap(bytes));
    }

    /** One without bytes. */
    static StreamRecord range(RecordType type, VolumeKey volume, long sequence, long offsetBytes, long lengthBytes) {
        return new StreamRecord(sequence, type, volume, offsetBytes, lengthBytes, ByteBuffer.allocate(0));
    }

    /** The message. */
    static Apply apply(UUID vmUuid, long firstIndex, StreamRecord... records) {
        RecordBatch.Builder builder = RecordBatch.builder(true);
        for (StreamRecord record : records) {
            if (!builder.tryAdd(record)) {
                throw new AssertionError("too much for a batch");
            }
        }
        return new Apply(vmUuid, firstIndex, builder.build());
    }
}
