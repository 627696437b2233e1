package org.openvrg.qemu.mirror;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.platform.MirrorPlatform.CaptureListener;
import org.openvrg.api.platform.UnseenWrites;

/** Keeps what a capture tells. */
final class Told implements CaptureListener {
    private final BlockingQueue<UnseenWrites> live = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> lost = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> replaced = new LinkedBlockingQueue<>();

    @Override
    public void live(UnseenWrites unseen) {
        live.add(unseen);
    }

    @Override
    public void lost(String reason) {
        lost.add(reason);
    }

    @Override
    public void replaced(String reason) {
        replaced.add(reason);
    }

    UnseenWrites awaitLive() throws InterruptedException {
        return next(live, "live");
    }

    String awaitLost() throws InterruptedException {
        return next(lost, "lost");
    }

    String awaitReplaced() throws InterruptedException {
        return next(replaced, "replaced");
    }

    private static <T> T next(BlockingQueue<T> queue, String what) throws InterruptedException {
        T next = queue.poll(TestQemu.SOON.toSeconds(), TimeUnit.SECONDS);
        assertNotNull(next, "the listener was not told " + what);
        return next;
    }

    /** Ranges, as text that reads well in a failure. */
    static List<String> ranges(UnseenWrites unseen) {
        return unseen.ranges().stream()
                .map(range -> range.offsetBytes() + "+" + range.lengthBytes())
                .toList();
    }
}
