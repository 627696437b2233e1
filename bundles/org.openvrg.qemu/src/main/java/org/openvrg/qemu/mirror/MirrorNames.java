package org.openvrg.qemu.mirror;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.openvrg.api.model.VolumeId;

/**
 * What things of a volume are called inside QEMU. They tell from the volume alone, so that a gateway that starts anew
 * finds what it left, and never touches what is somebody else's. Names of nodes have at most 31 bytes, volumes up to
 * 64, so a hash stands for the volume.
 */
final class MirrorNames {
    private static final int HASH_BYTES = 8;

    private final String base;

    private MirrorNames(String base) {
        this.base = base;
    }

    /** The names of a volume. */
    static MirrorNames of(VolumeId volume) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256").digest(volume.value().getBytes(StandardCharsets.UTF_8));
            return new MirrorNames("vrg-" + HexFormat.of().formatHex(hash, 0, HASH_BYTES));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** The mirror job. */
    String job() {
        return base;
    }

    /** The node that is the gateway's export. */
    String node() {
        return base + "-nbd";
    }

    /** The node that opens the disk's file a second time, for reading. */
    String source() {
        return base + "-src";
    }

    /** The export of the live disk, for reading. */
    String reader() {
        return base + "-read";
    }

    /** The export that shows {@link #copy()}. */
    String map() {
        return base + "-map";
    }

    /** The bitmap that does not change any more, for reading. */
    String copy() {
        return base + "-copy";
    }

    /** A bitmap that records, of a token. */
    String bitmap(String token) {
        return base + "." + token;
    }

    /** The token of a bitmap's name, empty if it is none of this volume's. */
    String token(String bitmap) {
        return bitmap.startsWith(base + ".") ? bitmap.substring(base.length() + 1) : "";
    }
}
