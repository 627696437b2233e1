package org.openvrg.wire;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** A connection that carries messages; thread-safe. Messages of one thread keep their order. */
@ProviderType
public interface Lane {
    /** Whether it is open. */
    boolean isOpen();

    /** Whether less than its high-water mark waits to be sent; a sender stops at false until told of room. */
    boolean isWritable();

    /** Sends, or drops the message when the lane is closed (its end is told to the listener). */
    void send(Message message);

    /** Stops or resumes reading from the network: the back-pressure of a receiver. */
    void setReading(boolean reading);

    /** Whether it is encrypted. */
    boolean encrypted();

    /** SHA-256 of the peer's certificate in lower-case hex; empty on a clear lane. */
    Optional<String> peerFingerprint();

    /** Address of the peer: an IP literal, in brackets for IPv6, a colon and its port. */
    String remoteAddress();

    /** Bytes sent so far, after packing. */
    long sentBytes();

    /** Closes it; the listener is told. */
    void close(String reason);
}
