package org.openvrg.nbd.internal;

import org.openvrg.api.block.BlockExport;

/**
 * What a handshake agreed on.
 *
 * @param export the export in use
 * @param sizeBytes its size, as it was told to the client
 * @param structured whether READ is answered in chunks
 * @param allocation whether BLOCK_STATUS may be asked
 */
record Session(BlockExport export, long sizeBytes, boolean structured, boolean allocation) {
    /** Transmission flags of an export. */
    static int flags(BlockExport export, boolean structured) {
        int flags = Protocol.SEND_HAS_FLAGS
                | Protocol.SEND_FLUSH
                | Protocol.SEND_FUA
                | Protocol.SEND_TRIM
                | Protocol.SEND_WRITE_ZEROES
                | Protocol.SEND_CACHE;
        flags |= structured ? Protocol.SEND_DF : 0;
        flags |= export.readOnly() ? Protocol.SEND_READ_ONLY : 0;
        flags |= export.multipleConnections() ? Protocol.SEND_CAN_MULTI_CONN : 0;
        return flags;
    }
}
