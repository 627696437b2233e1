package org.openvrg.qemu.mirror;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.platform.MirrorPlatform.Capture;

/** The captures of a platform, which ends them when it goes itself. Thread-safe. */
public final class MirrorCaptures implements AutoCloseable {
    private final Set<MirrorCapture> running = ConcurrentHashMap.newKeySet();

    /** Takes a capture into account until it is closed. */
    public Capture add(MirrorCapture capture) {
        running.add(capture);
        return new Capture() {
            @Override
            public void close() throws PlatformException {
                running.remove(capture);
                capture.close();
            }

            @Override
            public void forget() throws PlatformException {
                running.remove(capture);
                capture.forget();
            }
        };
    }

    /** Closes those that are left, all at once; the bitmaps at the hosts go on. */
    @Override
    public void close() throws PlatformException {
        Optional<PlatformException> failure = Optional.empty();
        running.forEach(MirrorCapture::stop);
        for (MirrorCapture capture : running) {
            try {
                capture.close();
            } catch (PlatformException e) {
                failure = Optional.of(e);
            }
        }
        running.clear();
        if (failure.isPresent()) {
            throw failure.get();
        }
    }
}
