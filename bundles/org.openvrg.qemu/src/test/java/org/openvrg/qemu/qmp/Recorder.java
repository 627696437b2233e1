package org.openvrg.qemu.qmp;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps what a monitor says. */
final class Recorder implements QmpListener {
    private static final long DEADLINE_SECONDS = 60;

    private final BlockingQueue<QmpEvent> events = new LinkedBlockingQueue<>();
    final CompletableFuture<String> closed = new CompletableFuture<>();

    @Override
    public void event(QmpEvent event) {
        events.add(event);
    }

    @Override
    public void closed(String reason) {
        closed.complete(reason);
    }

    /** The next event of this name. */
    QmpEvent next(String name) throws InterruptedException {
        while (true) {
            QmpEvent event = events.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("no " + name);
            }
            if (event.name().equals(name)) {
                return event;
            }
        }
    }

    /** Why the connection ended. */
    String end() throws Exception {
        return closed.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }
}
