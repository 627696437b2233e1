package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.openvrg.api.block.WritePayload;

/** A write's bytes on loan to an export; owns the buffer. Releasing twice is a programming error. Thread-safe. */
final class LentPayload implements WritePayload {
    private final ByteBuf buffer;
    private final Runnable onRelease;
    private final AtomicBoolean released = new AtomicBoolean();

    LentPayload(ByteBuf buffer, Runnable onRelease) {
        this.buffer = buffer;
        this.onRelease = onRelease;
    }

    @Override
    public ByteBuffer bytes() {
        if (released.get()) {
            throw new IllegalStateException("the payload was released");
        }
        return buffer.nioBuffer().asReadOnlyBuffer();
    }

    @Override
    public void release() {
        if (!releaseIfHeld()) {
            throw new IllegalStateException("the payload was released twice");
        }
    }

    /** Releases unless that was done; whether it was still held. */
    boolean releaseIfHeld() {
        if (!released.compareAndSet(false, true)) {
            return false;
        }
        buffer.release();
        onRelease.run();
        return true;
    }
}
