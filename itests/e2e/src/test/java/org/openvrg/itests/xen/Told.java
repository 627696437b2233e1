package org.openvrg.itests.xen;

import java.util.ArrayList;
import java.util.List;
import org.openvrg.api.platform.MirrorPlatform.CaptureListener;
import org.openvrg.api.platform.UnseenWrites;

/** Keeps what a capture tells. Thread-safe. */
final class Told implements CaptureListener {
    private final List<UnseenWrites> live = new ArrayList<>();
    private final List<String> lost = new ArrayList<>();

    @Override
    public synchronized void live(UnseenWrites unseen) {
        live.add(unseen);
    }

    @Override
    public synchronized void lost(String reason) {
        lost.add(reason);
    }

    @Override
    public synchronized void replaced(String reason) {
        lost.add("replaced: " + reason);
    }

    /** What was unseen before each time that the capture was live. */
    synchronized List<UnseenWrites> lives() {
        return List.copyOf(live);
    }

    /** Why it was lost, each time. */
    synchronized List<String> losses() {
        return List.copyOf(lost);
    }

    @Override
    public synchronized String toString() {
        return "live " + live + ", lost " + lost;
    }
}
