package org.openvrg.wire;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps all that a listener is told. */
final class Recorder implements LaneListener {
    private static final long DEADLINE_SECONDS = 15;

    final BlockingQueue<Lane> opened = new LinkedBlockingQueue<>();
    final BlockingQueue<Message> received = new LinkedBlockingQueue<>();
    final BlockingQueue<Lane> writable = new LinkedBlockingQueue<>();
    final BlockingQueue<String> closed = new LinkedBlockingQueue<>();

    @Override
    public void opened(Lane lane) {
        opened.add(lane);
    }

    @Override
    public void received(Lane lane, Message message) {
        received.add(message);
    }

    @Override
    public void writable(Lane lane) {
        writable.add(lane);
    }

    @Override
    public void closed(Lane lane, String reason) {
        closed.add(reason);
    }

    static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T one = queue.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
        assertNotNull(one, "nothing came within " + DEADLINE_SECONDS + " s");
        return one;
    }
}
