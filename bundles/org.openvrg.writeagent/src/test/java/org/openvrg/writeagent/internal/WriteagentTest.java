package org.openvrg.writeagent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.openvrg.writeagent.internal.AgentHarness.DISK;
import static org.openvrg.writeagent.internal.AgentHarness.GATEWAY;
import static org.openvrg.writeagent.internal.AgentHarness.VM;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.testkit.Await;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.LaneSettings;
import org.openvrg.wire.LaneTransport;
import org.openvrg.wire.Message;
import org.openvrg.wire.Message.AgentAttach;
import org.openvrg.wire.Message.AgentPosition;
import org.openvrg.wire.Message.Applied;
import org.openvrg.wire.Message.Flush;
import org.openvrg.wire.Message.Flushed;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.Verdict;
import org.openvrg.wire.Message.VolumeState;
import org.openvrg.wire.PairingProof;

/** A whole agent, spoken to over TLS on loopback. */
class WriteagentTest {
    @TempDir
    Path folder;

    private final MemoryStorage storage = new MemoryStorage();
    private TestIdentity agentIdentity;
    private Writeagent agent;

    /** A gateway's end. */
    private static final class Gateway implements LaneListener, AutoCloseable {
        private final LaneTransport transport;
        private final TestIdentity identity = TestIdentity.make();
        private final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();
        private final Lane lane;

        Gateway(int port) throws Exception {
            transport = new LaneTransport(identity, LaneSettings.defaults());
            lane = transport
                    .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), this)
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
        }

        <T extends Message> T next(Class<T> type) throws Exception {
            Message message = messages.poll(20, TimeUnit.SECONDS);
            return type.cast(java.util.Objects.requireNonNull(message, "a message within 20 s"));
        }

        void greet(byte[] proof) {
            lane.send(new Hello(1, 0, GATEWAY, "", 0, proof));
        }

        void greet(TestIdentity agent) {
            greet(PairingProof.of(
                    "the shared secret".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                    identity.fingerprint(),
                    agent.fingerprint(),
                    true));
        }

        @Override
        public void opened(Lane opened) {}

        @Override
        public void received(Lane from, Message message) {
            messages.add(message);
        }

        @Override
        public void writable(Lane writable) {}

        @Override
        public void closed(Lane closed, String reason) {}

        @Override
        public void close() {
            transport.close();
        }
    }

    @BeforeEach
    void start() throws Exception {
        agentIdentity = TestIdentity.make();
        agent = make();
    }

    private Writeagent make() throws Exception {
        Path secret = folder.resolve("secret");
        Files.writeString(secret, "the shared secret\n");
        Writeagent made = new Writeagent(
                agentIdentity,
                Settings.of("127.0.0.1", 0, folder.resolve("state").toString(), "", secret.toString()));
        made.addProvider("MEMORY", storage);
        return made;
    }

    @AfterEach
    void stop() {
        agent.close();
    }

    @Test
    void aGatewayWithoutTheSecretIsRefusedAndClosed() throws Exception {
        try (Gateway gateway = new Gateway(agent.port())) {
            gateway.greet(new byte[32]);
            assertEquals(Verdict.REFUSED, gateway.next(HelloReply.class).verdict());
            Await.until("closed", () -> !gateway.lane.isOpen());
        }
    }

    @Test
    void writesHealsAndResumesOverTls() throws Exception {
        try (Gateway gateway = new Gateway(agent.port())) {
            gateway.greet(agentIdentity);
            assertEquals(Verdict.ACCEPTED, gateway.next(HelloReply.class).verdict());
            gateway.lane.send(new AgentAttach(VM, GATEWAY, 1, 99));
            assertEquals(new AgentPosition(VM, 0, 0), gateway.next(AgentPosition.class));
            gateway.lane.send(AgentHarness.open(DISK, "d", "MEMORY", 1 << 20));
            assertEquals(
                    VolumeStatus.PATH_WRONG, gateway.next(VolumeState.class).status());
            storage.add("d", 1 << 20);
            assertEquals(VolumeStatus.NORMAL, gateway.next(VolumeState.class).status());
            for (int i = 1; i <= 200; i++) {
                gateway.lane.send(Entries.apply(VM, i, Entries.write(DISK, i, (i % 10) * 65536L, 65536, i)));
            }
            for (int i = 1; i <= 200; i++) {
                assertEquals(new Applied(VM, i), gateway.next(Applied.class));
            }
            gateway.lane.send(new Flush(VM));
            assertEquals(new Flushed(VM, 200), gateway.next(Flushed.class));
        }
        assertEquals((byte) 200, storage.disks.get("d").bytes[0]);
        assertEquals((byte) 199, storage.disks.get("d").bytes[9 * 65536]);
        agent.close();
        agent = make();
        try (Gateway gateway = new Gateway(agent.port())) {
            gateway.greet(agentIdentity);
            gateway.next(HelloReply.class);
            gateway.lane.send(new AgentAttach(VM, GATEWAY, 1, 99));
            assertEquals(new AgentPosition(VM, 200, 200), gateway.next(AgentPosition.class));
        }
    }

    @Test
    void settingsNameWhatIsWrong() {
        String state = folder.toString();
        assertTrue(refused("127.0.0.1", 70_000, state, "", "").contains("port"));
        assertTrue(refused("127.0.0.1", 1, " ", "", "").contains("directory"));
        assertTrue(refused("127.0.0.1", 1, state, "abc", "").contains("trusted-fingerprints"));
        Settings missing =
                Settings.of("127.0.0.1", 1, state, "", folder.resolve("none").toString());
        assertTrue(assertThrows(IllegalArgumentException.class, missing::readSecret)
                .getMessage()
                .contains("pairing-secret-file"));
        String fingerprint = "AB:".repeat(31) + "AB";
        assertEquals(
                1,
                Settings.of("127.0.0.1", 1, state, " " + fingerprint + " ,", "")
                        .trustedFingerprints()
                        .size());
    }

    private static String refused(String address, int port, String directory, String trusted, String secret) {
        return assertThrows(
                        IllegalArgumentException.class, () -> Settings.of(address, port, directory, trusted, secret))
                .getMessage();
    }
}
