package org.openvrg.writeagent.internal;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.openvrg.api.block.BlockHash;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message.HashReply;
import org.openvrg.wire.Message.HashRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes fingerprints of blocks next to the data. Stateless. */
final class Hasher {
    /** Smallest block. */
    static final int MIN_BLOCK_BYTES = 4 * 1024;

    /** Largest block. */
    static final int MAX_BLOCK_BYTES = 4 * 1024 * 1024;

    /** Most blocks of one request. */
    static final int MAX_BLOCKS = 1024;

    private static final Logger LOG = LoggerFactory.getLogger(Hasher.class);

    private Hasher() {}

    /** Whether a request is within the limits, whatever the volume. */
    static boolean isWithinLimits(HashRequest request) {
        return request.blockBytes() >= MIN_BLOCK_BYTES
                && request.blockBytes() <= MAX_BLOCK_BYTES
                && request.blockCount() >= 1
                && request.blockCount() <= MAX_BLOCKS
                && request.offsetBytes() >= 0;
    }

    /** The answer: without hashes when the volume is not open, too small, or can't be read. */
    static HashReply answer(Lane asking, Optional<VolumeSlot> slot, HashRequest request) {
        byte[] hashes = new byte[0];
        Optional<StorageVolume> volume = slot.flatMap(VolumeSlot::openVolume);
        if (volume.isPresent()) {
            try {
                hashes = hash(asking, slot.get(), volume.get(), request);
            } catch (StorageException e) {
                LOG.warn("Blocks of a volume could not be read to compare them: {}", e.getMessage());
            }
        }
        return new HashReply(request.vmUuid(), request.requestId(), hashes);
    }

    private static byte[] hash(Lane asking, VolumeSlot slot, StorageVolume volume, HashRequest request)
            throws StorageException {
        // the standby volume may be larger than production's: the last block ends where production's volume does
        long endBytes = slot.spec().sizeBytes().orElse(volume.sizeBytes());
        long lastBlock = request.offsetBytes() + (long) (request.blockCount() - 1) * request.blockBytes();
        if (lastBlock < 0 || lastBlock >= endBytes) {
            return new byte[0];
        }
        ByteBuffer block = ByteBuffer.allocate(request.blockBytes());
        ByteBuffer hashes = ByteBuffer.allocate(request.blockCount() * BlockHash.LENGTH_BYTES);
        for (int i = 0; i < request.blockCount(); i++) {
            if (!asking.isOpen()) {
                return new byte[0];
            }
            long at = request.offsetBytes() + (long) i * request.blockBytes();
            block.clear().limit((int) Math.min(request.blockBytes(), endBytes - at));
            slot.guarded(() -> volume.read(at, block));
            hashes.put(BlockHash.of(block.flip()));
        }
        return hashes.array();
    }
}
