package org.openvrg.replication.internal.production;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.openvrg.api.block.BlockHash;
import org.openvrg.api.failure.StorageException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fingerprints of blocks of a production volume, as the writeagent makes them of the standby. Stateless. */
final class VolumeHasher {
    private static final Logger LOG = LoggerFactory.getLogger(VolumeHasher.class);

    private VolumeHasher() {}

    /**
     * Reads and hashes consecutive blocks of the bitmap's size; the last one ends with the volume.
     *
     * @return {@link BlockHash#LENGTH_BYTES} for each block; empty when the volume can't be read
     */
    static Optional<byte[]> hash(ProtectedVolume volume, long firstBlock, int blocks) {
        int blockBytes = volume.dirty.blockBytes();
        ByteBuffer block = ByteBuffer.allocate(blockBytes);
        byte[] hashes = new byte[blocks * BlockHash.LENGTH_BYTES];
        try {
            for (int i = 0; i < blocks; i++) {
                long offset = (firstBlock + i) * blockBytes;
                block.clear().limit((int) Math.min(blockBytes, volume.sizeBytes() - offset));
                volume.disk.read(offset, block);
                System.arraycopy(
                        BlockHash.of(block.flip()), 0, hashes, i * BlockHash.LENGTH_BYTES, BlockHash.LENGTH_BYTES);
            }
            return Optional.of(hashes);
        } catch (StorageException e) {
            LOG.warn("Volume {} can't be read for a comparison: {}", volume.id, e.getMessage());
            return Optional.empty();
        }
    }

    /** Whether both lists of fingerprints have the same one at a place. */
    static boolean equalAt(byte[] local, byte[] remote, int block) {
        int from = block * BlockHash.LENGTH_BYTES;
        return Arrays.equals(local, from, from + BlockHash.LENGTH_BYTES, remote, from, from + BlockHash.LENGTH_BYTES);
    }
}
