package org.openvrg.link.internal;

import java.util.Optional;
import java.util.function.Supplier;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.PairingService.Peer;
import org.openvrg.api.service.PairingService.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What others see of the link, and the alarms about it. Set by the link's thread, read by any. */
final class LinkStatus {
    private static final Logger LOG = LoggerFactory.getLogger(LinkStatus.class);

    private final Supplier<Optional<AlarmService>> alarms;
    private volatile Status status = Status.NOT_PAIRED;
    private volatile Optional<Peer> peer = Optional.empty();

    LinkStatus(Supplier<Optional<AlarmService>> alarms) {
        this.alarms = alarms;
    }

    Status status() {
        return status;
    }

    Optional<Peer> peer() {
        return peer;
    }

    /**
     * Sets it anew.
     *
     * @param pairing the named peer
     * @param standing whether a lane that was opened here stands
     * @param failure why the peer is not accepted or does not accept
     * @param tried whether an attempt has ended since the peer was named or this side started
     */
    void set(Optional<Pairing> pairing, boolean standing, Optional<String> failure, boolean tried) {
        Status next = statusOf(pairing, standing, failure);
        Optional<Peer> named = pairing.map(Pairing::peer);
        if (next != status || !named.equals(peer)) {
            LOG.info(
                    "link is {}{}{}",
                    next,
                    named.map(known -> ", peer " + known.ip() + " port " + known.port())
                            .orElse(""),
                    failure.filter(why -> next == Status.FAILED)
                            .map(why -> ": " + why)
                            .orElse(""));
        }
        if (!named.equals(peer)) {
            peer.ifPresent(former -> clear(subject(former)));
        }
        peer = named;
        status = next;
        alarm(next, named, failure, tried && pairing.flatMap(Pairing::pin).isPresent());
    }

    private static Status statusOf(Optional<Pairing> pairing, boolean standing, Optional<String> failure) {
        if (pairing.isEmpty()) {
            return Status.NOT_PAIRED;
        }
        if (standing) {
            return Status.NORMAL;
        }
        if (failure.isPresent()) {
            return Status.FAILED;
        }
        return pairing.get().pin().isPresent() ? Status.LINK_DOWN : Status.PAIRING;
    }

    private void alarm(Status now, Optional<Peer> named, Optional<String> failure, boolean worthIt) {
        if (now == Status.NORMAL) {
            named.ifPresent(known -> clear(subject(known)));
        } else if (worthIt && named.isPresent()) {
            String text = "The link to " + subject(named.get()) + " is down"
                    + failure.map(why -> ": " + why).orElse("");
            alarms.get().ifPresent(service -> service.raise(AlarmService.Kind.LINK_DOWN, subject(named.get()), text));
        }
    }

    /** The peer shows another certificate than the pinned one. */
    void certificateChanged(Peer of, String fingerprint) {
        String text = "A gateway that claims to be " + subject(of) + " shows a certificate that is not the pinned one: "
                + fingerprint;
        LOG.warn("{}", text);
        alarms.get().ifPresent(service -> service.raise(AlarmService.Kind.PEER_CERTIFICATE_CHANGED, subject(of), text));
    }

    private void clear(String subject) {
        alarms.get().ifPresent(service -> {
            service.clear(AlarmService.Kind.LINK_DOWN, subject);
            service.clear(AlarmService.Kind.PEER_CERTIFICATE_CHANGED, subject);
        });
    }

    static String subject(Peer peer) {
        return peer.ip() + " port " + peer.port();
    }
}
