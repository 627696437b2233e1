package org.openvrg.link.internal;

import io.netty.util.NetUtil;
import java.util.Optional;
import java.util.UUID;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.Verdict;

/**
 * Who is trusted. Pure: looks at what is known and changes nothing.
 *
 * <p>The side that was connected to decides by the first row that fits:
 *
 * <table>
 * <caption>answers to a Hello</caption>
 * <tr><th>what holds</th><th>answer</th></tr>
 * <tr><td>another protocol version</td><td>refuse</td></tr>
 * <tr><td>certificate or UUID are this gateway's own</td><td>refuse</td></tr>
 * <tr><td>certificate is the pinned one</td><td>accept</td></tr>
 * <tr><td>its owner was unpaired here and still believes to be paired</td><td>farewell: send Unpair</td></tr>
 * <tr><td>another certificate is pinned</td><td>refuse</td></tr>
 * <tr><td>certificate is the candidate: it was seen at the address that the operator named</td><td>pin</td></tr>
 * <tr><td>no peer is named, the proof of the secret is right, a port is told</td><td>adopt</td></tr>
 * <tr><td>anything else</td><td>pending</td></tr>
 * </table>
 */
final class TrustRules {
    /** The protocol version that this side speaks. */
    static final int VERSION = 1;

    /** Capability of a Hello: the sender has the receiver's certificate pinned. */
    static final long PAIRED = 1;

    private TrustRules() {}

    /** What the side that was connected to does. */
    enum Answer {
        /** Known and good. */
        ACCEPT,
        /** Both operators named each other: pin, then accept. */
        PIN,
        /** The peer knows the secret and none was named: take it as the peer, pin, accept. */
        ADOPT,
        /** Not yet. */
        PENDING,
        /** Never. */
        REFUSE,
        /** It was unpaired; tell it. */
        FAREWELL
    }

    /** What the side that connected does with the reply. */
    enum Outcome {
        /** The lane stands. */
        ACCEPT,
        /** The peer proved that it knows the secret: pin, then the lane stands. */
        PIN,
        /** Try again soon. */
        RETRY,
        /** Try again, but tell the operator. */
        FAILED
    }

    /**
     * What is known.
     *
     * @param ownUuid this gateway
     * @param ownFingerprint its certificate
     * @param named whether a peer is named
     * @param pinned the pinned certificate
     * @param candidate the certificate that was seen at the named address
     * @param farewell the certificate of a peer that was unpaired and not told
     */
    record Known(
            UUID ownUuid,
            String ownFingerprint,
            boolean named,
            Optional<String> pinned,
            Optional<String> candidate,
            Optional<String> farewell) {

        /** Whether certificate or UUID are this gateway's own. */
        boolean isSelf(String fingerprint, UUID vrgUuid) {
            return fingerprint.equals(ownFingerprint) || vrgUuid.equals(ownUuid);
        }
    }

    static Answer answer(Known known, Hello hello, String fingerprint, boolean proven) {
        Optional<String> theirs = Optional.of(fingerprint);
        if (hello.version() != VERSION || known.isSelf(fingerprint, hello.vrgUuid())) {
            return Answer.REFUSE;
        }
        if (known.pinned().equals(theirs)) {
            return Answer.ACCEPT;
        }
        if (known.farewell().equals(theirs) && (hello.capabilities() & PAIRED) != 0) {
            return Answer.FAREWELL;
        }
        if (known.pinned().isPresent()) {
            return Answer.REFUSE;
        }
        if (known.named() && known.candidate().equals(theirs)) {
            return Answer.PIN;
        }
        return !known.named() && proven && hello.listenPort() > 0 ? Answer.ADOPT : Answer.PENDING;
    }

    /** Where an adopted peer takes connections: the address it tells, else the one it came from. */
    static String listenIp(Hello hello, String remoteAddress) {
        String told = hello.listenIp();
        if (NetUtil.isValidIpV4Address(told) || NetUtil.isValidIpV6Address(told)) {
            return told;
        }
        String ip = remoteAddress.substring(0, remoteAddress.lastIndexOf(':'));
        return ip.startsWith("[") ? ip.substring(1, ip.length() - 1) : ip;
    }

    static Outcome outcome(Known known, HelloReply reply, String fingerprint, boolean proven) {
        if (reply.version() != VERSION
                || reply.verdict() == Verdict.REFUSED
                || known.isSelf(fingerprint, reply.vrgUuid())) {
            return Outcome.FAILED;
        }
        if (reply.verdict() == Verdict.PENDING) {
            return Outcome.RETRY;
        }
        if (known.pinned().isPresent()) {
            return known.pinned().get().equals(fingerprint) ? Outcome.ACCEPT : Outcome.FAILED;
        }
        return proven ? Outcome.PIN : Outcome.RETRY;
    }
}
