package org.openvrg.link.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.openvrg.api.service.PairingService.Peer;
import org.openvrg.link.internal.TrustRules.Answer;
import org.openvrg.link.internal.TrustRules.Known;
import org.openvrg.link.internal.TrustRules.Outcome;
import org.openvrg.wire.LaneSettings;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.Verdict;

class RulesTest {
    private static final UUID OWN = new UUID(1, 1);
    private static final UUID THEIRS = new UUID(2, 2);
    private static final Optional<String> NONE = Optional.empty();
    private static final Optional<String> PEER = Optional.of("peer");
    private static final Optional<String> OTHER = Optional.of("other");

    private static Known known(
            boolean named, Optional<String> pinned, Optional<String> candidate, Optional<String> farewell) {
        return new Known(OWN, "own", named, pinned, candidate, farewell);
    }

    private static Answer answer(Known known, boolean proven) {
        return TrustRules.answer(known, new Hello(1, 0, THEIRS, "", 7000, new byte[0]), "peer", proven);
    }

    @Test
    void answersByTheFirstRowThatFits() {
        Known empty = known(false, NONE, NONE, NONE);
        assertEquals(
                Answer.REFUSE, TrustRules.answer(empty, new Hello(2, 0, THEIRS, "", 7000, new byte[0]), "peer", true));
        assertEquals(
                Answer.REFUSE, TrustRules.answer(empty, new Hello(1, 0, OWN, "", 7000, new byte[0]), "peer", true));
        assertEquals(
                Answer.REFUSE, TrustRules.answer(empty, new Hello(1, 0, THEIRS, "", 7000, new byte[0]), "own", true));
        assertEquals(Answer.ACCEPT, answer(known(true, PEER, OTHER, PEER), false));
        Known parted = known(false, NONE, NONE, PEER);
        Hello paired = new Hello(1, TrustRules.PAIRED, THEIRS, "", 7000, new byte[0]);
        assertEquals(Answer.FAREWELL, TrustRules.answer(parted, paired, "peer", true));
        assertEquals(Answer.ADOPT, answer(parted, true), "its operator named this gateway anew");
        assertEquals(Answer.REFUSE, answer(known(true, OTHER, PEER, NONE), true));
        assertEquals(Answer.PIN, answer(known(true, NONE, PEER, NONE), false));
        assertEquals(Answer.ADOPT, answer(empty, true));
        assertEquals(
                Answer.PENDING, TrustRules.answer(empty, new Hello(1, 0, THEIRS, "", 0, new byte[0]), "peer", true));
        assertEquals(Answer.PENDING, answer(empty, false));
        assertEquals(Answer.PENDING, answer(known(true, NONE, OTHER, NONE), true), "another one than was named");
        assertEquals(Answer.PENDING, answer(known(true, NONE, NONE, NONE), true));
    }

    @Test
    void findsWhereAnAdoptedPeerListens() {
        assertEquals("192.0.2.9", listenIp("192.0.2.9", "127.0.0.1:5"));
        assertEquals("127.0.0.1", listenIp("", "127.0.0.1:5"));
        assertEquals("127.0.0.1", listenIp("no address", "127.0.0.1:5"));
        assertEquals("::1", listenIp("", "[::1]:5"));
    }

    private static String listenIp(String told, String remote) {
        return TrustRules.listenIp(new Hello(1, 0, THEIRS, told, 1, new byte[0]), remote);
    }

    private static Outcome outcome(Known known, int version, Verdict verdict, boolean proven) {
        return TrustRules.outcome(known, new HelloReply(version, 0, THEIRS, verdict, "", new byte[0]), "peer", proven);
    }

    @Test
    void takesAReplyForWhatItIsWorth() {
        Known unpinned = known(true, NONE, PEER, NONE);
        Known pinned = known(true, PEER, PEER, NONE);
        assertEquals(Outcome.FAILED, outcome(pinned, 2, Verdict.ACCEPTED, true));
        assertEquals(Outcome.FAILED, outcome(pinned, 1, Verdict.REFUSED, true));
        assertEquals(Outcome.RETRY, outcome(pinned, 1, Verdict.PENDING, true));
        assertEquals(Outcome.ACCEPT, outcome(pinned, 1, Verdict.ACCEPTED, false));
        assertEquals(Outcome.FAILED, outcome(known(true, OTHER, PEER, NONE), 1, Verdict.ACCEPTED, true));
        assertEquals(Outcome.PIN, outcome(unpinned, 1, Verdict.ACCEPTED, true));
        assertEquals(Outcome.RETRY, outcome(unpinned, 1, Verdict.ACCEPTED, false), "our side has not seen its dial");
    }

    @Test
    void forgetsTokensAfterTenSecondsOrOneUse() {
        AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
        ClearTokens tokens = new ClearTokens(now::get);
        byte[] used = tokens.issue();
        byte[] old = tokens.issue();
        assertTrue(tokens.redeem(used));
        assertFalse(tokens.redeem(used));
        now.addAndGet(ClearTokens.VALID_NANOS + 1);
        assertFalse(tokens.redeem(old));
        for (int i = 0; i < ClearTokens.MAX_TOKENS; i++) {
            assertEquals(32, tokens.issue().length);
        }
        assertEquals(0, tokens.issue().length);
    }

    @Test
    void waitsLongerAndLongerWithinItsBounds() {
        Backoff backoff = new Backoff(() -> 1.0);
        long last = 0;
        for (int i = 0; i < 20; i++) {
            long next = backoff.next(Backoff.LAST_MILLIS);
            assertTrue(next >= last && next <= Backoff.LAST_MILLIS);
            last = next;
        }
        assertEquals(Backoff.LAST_MILLIS, last);
        assertEquals(Backoff.PENDING_MILLIS, backoff.next(Backoff.PENDING_MILLIS));
        backoff.reset();
        assertEquals(Backoff.FIRST_MILLIS, backoff.next(Backoff.LAST_MILLIS));
    }

    @Test
    void keepsThePairingAcrossARestart() {
        Site.Store store = new Site.Store();
        Pairing unpinned = new Pairing(new Peer("::1", 7000), Optional.empty());
        Pairing pinned = new Pairing(new Peer("192.0.2.1", 1), Optional.of(new Pairing.Pin("ab", THEIRS.toString())));
        new PairingStore(store).save(unpinned);
        assertEquals(Optional.of(unpinned), new PairingStore(store).load());
        new PairingStore(store).save(pinned);
        assertEquals(Optional.of(pinned), new PairingStore(store).load());
        store.put("pairing", "peer", "damaged");
        assertThrows(IllegalStateException.class, () -> new PairingStore(store).load());
    }

    @Test
    void namesTheKeyAndTheRangeOfABadSetting() {
        LaneSettings lanes = LaneSettings.defaults();
        assertNamed("port", () -> new LinkSettings("0.0.0.0", 65_536, "", Optional.empty(), 2, true, lanes));
        assertNamed("lanes", () -> new LinkSettings("0.0.0.0", 1, "", Optional.empty(), 17, true, lanes));
        assertNamed("address", () -> new LinkSettings("here", 1, "", Optional.empty(), 2, true, lanes));
        assertNamed("advertised-address", () -> new LinkSettings("::", 1, "x", Optional.empty(), 2, true, lanes));
        assertNamed("peer-timeout-millis", () -> lanes.withHeartbeat(1000, 1999));
    }

    private static void assertNamed(String key, Executable settings) {
        assertTrue(assertThrows(IllegalArgumentException.class, settings)
                .getMessage()
                .startsWith(key));
    }

    @Test
    void tellsNoSecretInItsText() {
        assertFalse(Site.settings(0, Optional.of("0123456789abcdef"), true)
                .toString()
                .contains("0123"));
        assertThrows(IllegalArgumentException.class, () -> new LinkSettings.Secret(new byte[15]));
    }
}
