package org.openvrg.nbd.internal;

/**
 * One request as it came. Nothing is checked but the magic.
 *
 * @param lengthBytes unsigned 32 bits
 */
record RequestHeader(int flags, int type, long cookie, long offsetBytes, long lengthBytes) {
    boolean has(int flag) {
        return (flags & flag) != 0;
    }
}
