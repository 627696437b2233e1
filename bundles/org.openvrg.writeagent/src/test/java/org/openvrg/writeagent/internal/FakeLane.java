package org.openvrg.writeagent.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;

/** A lane that keeps what is sent. */
final class FakeLane implements Lane {
    private final Optional<String> fingerprint;
    private final List<Message> sent = new ArrayList<>();
    private boolean open = true;
    private boolean writable = true;
    private boolean reading = true;

    FakeLane(String fingerprint) {
        this.fingerprint = fingerprint.isEmpty() ? Optional.empty() : Optional.of(fingerprint);
    }

    /** What was sent since the last call. */
    synchronized List<Message> taken() {
        List<Message> all = List.copyOf(sent);
        sent.clear();
        return all;
    }

    /** The one message that was sent since the last call. */
    <T extends Message> T only(Class<T> type) {
        List<Message> all = taken();
        if (all.size() != 1) {
            throw new AssertionError("expected one " + type.getSimpleName() + ", got " + all);
        }
        return type.cast(all.get(0));
    }

    synchronized boolean reading() {
        return reading;
    }

    synchronized void writable(boolean now) {
        writable = now;
    }

    @Override
    public synchronized boolean isOpen() {
        return open;
    }

    @Override
    public synchronized boolean isWritable() {
        return writable;
    }

    @Override
    public synchronized void send(Message message) {
        if (open) {
            sent.add(message);
        }
    }

    @Override
    public synchronized void setReading(boolean now) {
        reading = now;
    }

    @Override
    public boolean encrypted() {
        return fingerprint.isPresent();
    }

    @Override
    public Optional<String> peerFingerprint() {
        return fingerprint;
    }

    @Override
    public String remoteAddress() {
        return "fake";
    }

    @Override
    public long sentBytes() {
        return 0;
    }

    @Override
    public synchronized void close(String reason) {
        open = false;
    }
}
