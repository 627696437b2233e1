package org.openvrg.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;

/** A lane whose other end is the fuzzer; keeps what is sent on it. Not thread-safe. */
public final class RecordingLane implements Lane {
    private final List<Message> sent = new ArrayList<>();
    private boolean open = true;

    /** What was sent since the last call. */
    public List<Message> taken() {
        List<Message> all = List.copyOf(sent);
        sent.clear();
        return all;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isWritable() {
        return open;
    }

    @Override
    public void send(Message message) {
        if (open) {
            sent.add(message);
        }
    }

    @Override
    public void setReading(boolean reading) {
        // nothing comes by itself
    }

    @Override
    public boolean encrypted() {
        return true;
    }

    @Override
    public Optional<String> peerFingerprint() {
        return Optional.of("trusted");
    }

    @Override
    public String remoteAddress() {
        return "192.0.2.1:1";
    }

    @Override
    public long sentBytes() {
        return 0;
    }

    @Override
    public void close(String reason) {
        Check.that(reason != null && !reason.isEmpty(), "a lane is closed for a reason");
        open = false;
    }
}
