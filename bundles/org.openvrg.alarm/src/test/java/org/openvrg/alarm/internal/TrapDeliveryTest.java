package org.openvrg.alarm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmAdmin.Server;
import org.openvrg.api.service.AlarmService.Kind;
import org.openvrg.testkit.Await;
import org.openvrg.testkit.TrapReceiver;
import org.openvrg.testkit.TrapReceiver.Trap;

/** What Net-SNMP's snmptrapd receives from the alarm center. */
class TrapDeliveryTest {
    private static final UUID GATEWAY = UUID.fromString("0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff");
    private static final String VM = "11111111-2222-4333-8444-555555555555";
    private static final String VOLUME = "Vol-1";

    @TempDir
    Path folder;

    private final MapStore store = new MapStore();

    private AlarmCenter center(Settings settings) {
        return new AlarmCenter(folder.resolve("alarm"), store, GATEWAY, Clock.systemUTC(), Optional.of(settings));
    }

    private TrapReceiver receiver() throws Exception {
        String engine = "0x" + HexFormat.of().formatHex(SnmpSession.engineId(GATEWAY));
        String user = TestSettings.USER + " SHA-256 \"" + TestSettings.AUTH_PASSWORD + "\" AES \""
                + TestSettings.PRIVACY_PASSWORD + "\"";
        return new TrapReceiver(
                folder.resolve("receiver"),
                TestSettings.MIB,
                "authCommunity log " + TestSettings.COMMUNITY,
                "createUser " + user, // informs: the receiver is the authority
                "createUser -e " + engine + " " + user, // traps: the gateway is
                "authUser log " + TestSettings.USER + " priv");
    }

    private static Server at(TrapReceiver receiver) {
        return new Server("127.0.0.1", receiver.port());
    }

    private static void awaitDistinct(TrapReceiver receiver, int count) throws Exception {
        Await.until(count + " notifications", () -> receiver.distinct().size() >= count);
    }

    private void deliversEveryKind(Settings settings) throws Exception {
        try (TrapReceiver receiver = receiver().start();
                AlarmCenter center = center(settings)) {
            center.sendTo(at(receiver));
            for (Kind kind : Kind.values()) {
                center.raise(kind, VM + "/" + VOLUME, "text of " + kind + ", 文");
                center.clear(kind, VM + "/" + VOLUME);
            }
            awaitDistinct(receiver, 2 * Kind.values().length);
            List<Trap> traps = receiver.distinct();
            int next = 0;
            for (Kind kind : Kind.values()) {
                Trap raised = traps.get(next++);
                Trap cleared = traps.get(next++);
                assertEquals(MibTest.nameOf(kind, true), raised.name());
                assertEquals(MibTest.nameOf(kind, false), cleared.name());
                assertEquals(raised.value("vrgAlarmId"), cleared.value("vrgAlarmId"));
                assertEquals(raised.number() + 1, cleared.number());
                assertTrue(raised.value("vrgAlarmSeverity")
                        .startsWith(kind.severity().name().toLowerCase(java.util.Locale.ROOT)));
                assertEquals("cleared(1)", cleared.value("vrgAlarmSeverity"));
                assertEquals(raised.value("vrgAlarmSince"), cleared.value("vrgAlarmSince"));
                for (Trap trap : List.of(raised, cleared)) {
                    assertEquals(GATEWAY.toString(), trap.value("vrgGatewayUuid"));
                    assertEquals(VM, trap.value("vrgAlarmVmUuid"));
                    assertEquals(VOLUME, trap.value("vrgAlarmVolumeUuid"));
                    assertEquals(VM + "/" + VOLUME, trap.value("vrgAlarmSubject"));
                }
                assertEquals("text of " + kind + ", 文", raised.value("vrgAlarmText"));
                assertEquals("cleared: text of " + kind + ", 文", cleared.value("vrgAlarmText"));
            }
            assertEquals(List.of(), center.raised());
        }
    }

    @Test
    void deliversEveryKindByInformsOfV2c() throws Exception {
        deliversEveryKind(TestSettings.of(TestSettings.V2C, true));
    }

    @Test
    void deliversEveryKindByTrapsOfV2c() throws Exception {
        deliversEveryKind(TestSettings.of(TestSettings.V2C, false));
    }

    @Test
    void deliversEveryKindByInformsOfV3() throws Exception {
        deliversEveryKind(TestSettings.of(TestSettings.V3, true));
    }

    @Test
    void deliversEveryKindByTrapsOfV3() throws Exception {
        deliversEveryKind(TestSettings.of(TestSettings.V3, false));
    }

    @Test
    void isTakenForNoReplayAfterARestartWithTrapsOfV3() throws Exception {
        try (TrapReceiver receiver = receiver().start()) {
            for (int run = 1; run <= 3; run++) {
                try (AlarmCenter center = center(TestSettings.of(TestSettings.V3, false))) {
                    center.sendTo(at(receiver));
                    center.raise(Kind.LINK_DOWN, "run " + run, "text");
                    awaitDistinct(receiver, run);
                }
            }
            assertEquals(3, receiver.traps().size());
        }
    }

    @Test
    void sendsNothingInTheClearWithV3() throws Exception {
        try (TrapReceiver receiver = new TrapReceiver(
                                folder.resolve("receiver"),
                                TestSettings.MIB,
                                "disableAuthorization yes",
                                "createUser " + TestSettings.USER + " SHA-256 \"another password\" AES \"and another\"")
                        .start();
                AlarmCenter center = center(TestSettings.of(TestSettings.V3, true))) {
            center.sendTo(at(receiver));
            center.raise(Kind.LINK_DOWN, "a", "text");
            Await.until("a refused attempt", () -> center.attempts() >= 2);
            assertEquals(List.of(), receiver.traps());
            assertEquals(1, center.waiting());
        }
    }

    /** Raises and clears while nobody listens, and looks for every single one afterwards. */
    private void losesNothing(Duration down) throws Exception {
        try (TrapReceiver receiver = receiver().start();
                AlarmCenter center = center(TestSettings.of(TestSettings.V2C, true))) {
            center.sendTo(at(receiver));
            center.raise(Kind.LINK_DOWN, "before", "text");
            awaitDistinct(receiver, 1);
            receiver.kill();
            long end = System.nanoTime() + down.toNanos();
            int pairs = 0;
            while (System.nanoTime() < end || pairs < 50) {
                center.raise(Kind.AGENT_LOST, "pair " + pairs, "text");
                center.clear(Kind.AGENT_LOST, "pair " + pairs);
                pairs++;
                LockSupport.parkNanos(down.toNanos() / 100);
            }
            assertEquals(1, receiver.distinct().size());
            receiver.start();
            awaitDistinct(receiver, 1 + 2 * pairs);
            List<Trap> traps = receiver.distinct();
            assertEquals(
                    LongStream.rangeClosed(1, 1 + 2L * pairs).boxed().toList(),
                    traps.stream().map(Trap::number).toList(),
                    "every number, in order");
            for (int pair = 0; pair < pairs; pair++) {
                Trap raised = traps.get(1 + 2 * pair);
                Trap cleared = traps.get(2 + 2 * pair);
                assertEquals("pair " + pair, raised.value("vrgAlarmSubject"));
                assertEquals("vrgAgentLost", raised.name());
                assertEquals("vrgAgentLostCleared", cleared.name());
                assertEquals(raised.value("vrgAlarmId"), cleared.value("vrgAlarmId"));
            }
            Await.until("an empty queue", () -> center.waiting() == 0);
        }
    }

    @Test
    void losesNothingWhileTheServerIsDown() throws Exception {
        losesNothing(Duration.ofSeconds(6));
    }

    @Test
    @Tag("long")
    void losesNothingWhileTheServerIsDownForAMinute() throws Exception {
        losesNothing(Duration.ofSeconds(60));
    }

    @Test
    void sendsAfterARestartWhatWaited() throws Exception {
        try (TrapReceiver receiver = receiver()) {
            try (AlarmCenter center = center(TestSettings.of(TestSettings.V2C, true))) {
                center.sendTo(at(receiver));
                for (int i = 0; i < 20; i++) {
                    center.raise(Kind.VOLUME_ERROR, VM + "/v" + i, "text");
                }
                center.clear(Kind.VOLUME_ERROR, VM + "/v7");
            }
            receiver.start();
            try (AlarmCenter center = center(TestSettings.of(TestSettings.V2C, true))) {
                assertEquals(Optional.of(at(receiver)), center.server());
                assertEquals(19, center.raised().size());
                awaitDistinct(receiver, 21);
                center.raise(Kind.LINK_DOWN, "new", "text");
                awaitDistinct(receiver, 22);
                assertEquals(
                        LongStream.rangeClosed(1, 22).boxed().toList(),
                        receiver.distinct().stream().map(Trap::number).toList());
                assertEquals("21", receiver.distinct().get(21).value("vrgAlarmId"), "no id comes twice");
            }
        }
    }

    @Test
    void tellsANewServerWhatIsRaisedAndForgetsTheOld() throws Exception {
        try (TrapReceiver receiver = receiver().start();
                AlarmCenter center = center(TestSettings.of(TestSettings.V2C, true))) {
            center.raise(Kind.LINK_DOWN, "a", "raised before any server was named");
            center.sendTo(new Server("127.0.0.1", 9)); // nobody answers there
            center.raise(Kind.AGENT_LOST, VM, "text");
            center.raise(Kind.VM_FELL_TO_CBT, VM, "text");
            center.clear(Kind.VM_FELL_TO_CBT, VM);
            assertEquals(4, center.waiting());
            center.sendTo(at(receiver));
            awaitDistinct(receiver, 2);
            Await.until("an empty queue", () -> center.waiting() == 0);
            assertEquals(
                    List.of("vrgLinkDown", "vrgAgentLost"),
                    receiver.distinct().stream().map(Trap::name).toList());
            center.stopSending();
            center.raise(Kind.JOURNAL_FULL, VM, "text");
            assertEquals(0, center.waiting());
            assertEquals(3, center.raised().size());
        }
        try (AlarmCenter center = center(TestSettings.of(TestSettings.V2C, true))) {
            assertEquals(Optional.empty(), center.server());
        }
    }

    @Test
    void dropsWhatExpired() throws Exception {
        try (AlarmCenter center = center(TestSettings.withExpiry(Duration.ofMillis(300)))) {
            center.sendTo(new Server("127.0.0.1", 9));
            center.raise(Kind.LINK_DOWN, "a", "text");
            assertEquals(1, center.waiting());
            Await.until("expiry", () -> center.waiting() == 0);
            assertEquals(1, center.raised().size(), "the alarm stands all the same");
        }
    }

    @Test
    void takesNewSettingsWithoutLosingAnything() throws Exception {
        try (TrapReceiver receiver = receiver().start();
                AlarmCenter center =
                        new AlarmCenter(folder.resolve("alarm"), store, GATEWAY, Clock.systemUTC(), Optional.empty())) {
            center.sendTo(at(receiver));
            center.raise(Kind.LINK_DOWN, "a", "text");
            assertEquals(1, center.waiting(), "kept while the settings are not valid");
            center.configure(Optional.of(TestSettings.of(TestSettings.V3, true)));
            awaitDistinct(receiver, 1);
            center.configure(Optional.of(TestSettings.of(TestSettings.V2C, true)));
            center.clear(Kind.LINK_DOWN, "a");
            awaitDistinct(receiver, 2);
        }
    }

    @Test
    void clearsAfterARestartWhatNobodyConfirms() throws Exception {
        Settings patient = TestSettings.of(TestSettings.V2C, true);
        try (TrapReceiver receiver = receiver().start()) {
            List<Alarm> before = new ArrayList<>();
            try (AlarmCenter center = center(patient)) {
                center.sendTo(at(receiver));
                center.raise(Kind.LINK_DOWN, "raised again", "text");
                center.raise(Kind.NO_CONSISTENT_COPY, "confirmed", "text");
                center.raise(Kind.AGENT_LOST, "ended meanwhile", "text");
                awaitDistinct(receiver, 3);
                before.addAll(center.raised());
            }
            try (AlarmCenter center = center(TestSettings.withConfirm(Duration.ofSeconds(2)))) {
                assertEquals(before, center.raised());
                center.raise(Kind.LINK_DOWN, "raised again", "text");
                center.confirm(Kind.NO_CONSISTENT_COPY, "confirmed");
                center.confirm(Kind.NO_CONSISTENT_COPY, "never raised");
                awaitDistinct(receiver, 4);
                assertEquals(before.subList(0, 2), center.raised());
                Trap last = receiver.distinct().get(3);
                assertEquals("vrgAgentLostCleared", last.name());
                assertEquals(Long.toString(before.get(2).id()), last.value("vrgAlarmId"));
                assertFalse(receiver.text().contains("never raised"));
            }
        }
    }
}
