package org.openvrg.network.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.NetworkService;

class ManagementNetworkTest {
    private static final long NEVER_MILLIS = TimeUnit.HOURS.toMillis(1);
    private static final String OLD = "192.0.2.2/24";
    private static final String NEW_IP = "198.51.100.7";

    @TempDir
    private Path directory;

    private final FakeKernel kernel = new FakeKernel();
    private final List<String> kept = Collections.synchronizedList(new ArrayList<>());
    private final AtomicReference<String> bootId = new AtomicReference<>("this boot");

    private final BootClock clock = new BootClock() {
        @Override
        public String bootId() {
            return bootId.get();
        }

        @Override
        public long millis() {
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        }
    };

    @BeforeEach
    void boot() {
        kernel.addresses.addAll(List.of(OLD, "192.0.2.99/24"));
        kernel.routes.add(List.of("default", "via", "192.0.2.1", "metric", "100"));
        kernel.routes.add(List.of("203.0.113.0/24", "via", "192.0.2.9"));
    }

    @Test
    void keepsAChangeThatACallConfirms() throws Exception {
        try (ManagementNetwork network = network(NEVER_MILLIS)) {
            assertTrue(network.begin("eth0", OLD, settings()));
            assertFalse(network.begin("eth0", OLD, settings()), "a second one while the first is under way");
            until(() -> kernel.state().contains("metric, 100"));
            until(() -> applied());
            assertEquals(
                    "[192.0.2.99/24, 198.51.100.7/24] [[203.0.113.0/24, via, 192.0.2.9], "
                            + "[default, via, 198.51.100.1, proto, static, metric, 100]]",
                    kernel.state());
            network.call("192.0.2.99");
            network.call("127.0.0.1");
            assertTrue(network.busy());
            until(() -> {
                network.call(NEW_IP);
                return !network.busy();
            });
            assertEquals(List.of("eth0 [198.51.100.7/24, 192.0.2.99/24]"), kept);
            assertFalse(Files.exists(note()));
        }
    }

    @Test
    void countsACallThatArrivesWhileTheChangeIsBeingMade() throws Exception {
        AtomicReference<ManagementNetwork> itself = new AtomicReference<>();
        CommandRunner calling = command -> {
            if (command.contains("del") && command.contains("address")) {
                itself.get().call(NEW_IP); // the new address is there by now
            }
            return kernel.run(command);
        };
        try (ManagementNetwork network = network(NEVER_MILLIS, calling)) {
            itself.set(network);
            assertTrue(network.begin("eth0", OLD, settings()));
            until(() -> !network.busy());
            assertEquals(1, kept.size());
        }
    }

    @Test
    void countsNoCallAtAnAddressThatStaysBeforeTheChangeIsMade() throws Exception {
        ManagementSettings gatewayOnly =
                ManagementSettings.of(new NetworkService.Management("192.0.2.2", "255.255.255.0", "192.0.2.3"));
        AtomicReference<ManagementNetwork> itself = new AtomicReference<>();
        CommandRunner calling = command -> {
            itself.get().call("192.0.2.2");
            return kernel.run(command);
        };
        try (ManagementNetwork network = network(NEVER_MILLIS, calling)) {
            itself.set(network);
            assertTrue(network.begin("eth0", OLD, gatewayOnly));
            until(() -> applied());
            assertTrue(network.busy());
            assertEquals(List.of(OLD, "192.0.2.99/24"), kernel.addresses);
            until(() -> {
                network.call("192.0.2.2");
                return !network.busy();
            });
            assertTrue(kernel.state().contains("default, via, 192.0.2.3, proto, static, metric, 100"));
        }
    }

    @Test
    void goesBackWithoutACall() throws Exception {
        String before = kernel.state();
        try (ManagementNetwork network = network(200)) {
            assertTrue(network.begin("eth0", OLD, settings()));
            until(() -> !network.busy());
            assertEquals(before, kernel.state());
            assertTrue(kernel.changes.stream().anyMatch(change -> change.contains("add " + NEW_IP)));
            network.call(NEW_IP);
            assertEquals(List.of(), kept);
            assertFalse(Files.exists(note()));
        }
    }

    @Test
    void goesBackFromEveryStepThatFails() throws Exception {
        for (int failing = 1; ; failing++) {
            String before = kernel.state();
            FailOnce once = new FailOnce(failing);
            try (ManagementNetwork network = network(NEVER_MILLIS, once)) {
                assertTrue(network.begin("eth0", OLD, settings()));
                until(() -> !network.busy() || applied());
                if (!once.failed) {
                    assertTrue(failing > 4, "a change has more steps than " + failing);
                    return;
                }
                until(() -> !network.busy());
            }
            assertEquals(before, kernel.state(), "after step " + failing);
        }
    }

    /** Fails one change and works again. */
    private final class FailOnce implements CommandRunner {
        private final int failing;
        private int changes;
        private volatile boolean failed;

        FailOnce(int failing) {
            this.failing = failing;
        }

        @Override
        public String run(List<String> command) throws IOException {
            if (!command.contains("show") && !command.contains("203.0.113.0/24")) {
                changes++;
                if (changes == failing) {
                    failed = true;
                    throw new IOException("RTNETLINK answers: no");
                }
            }
            return kernel.run(command);
        }
    }

    @Test
    void takesUpWhatAKilledProcessLeft() throws Exception {
        String before = kernel.state();
        ManagementNetwork killed = network(NEVER_MILLIS);
        killed.begin("eth0", OLD, settings());
        until(() -> applied());
        killed.close(); // what is on disk is the same after a kill
        assertFalse(kernel.addresses.contains(OLD));

        try (ManagementNetwork next = network(200)) {
            until(() -> !next.busy());
        }
        assertEquals(before, kernel.state());
        assertEquals(List.of(), kept);
    }

    @Test
    void waitsForTheRestOfTheTimeAfterARestart() throws Exception {
        ManagementNetwork killed = network(NEVER_MILLIS);
        killed.begin("eth0", OLD, settings());
        until(() -> applied());
        killed.close();

        try (ManagementNetwork next = network(NEVER_MILLIS)) {
            assertTrue(next.busy());
            next.call(NEW_IP);
            until(() -> !next.busy());
        }
        assertEquals(1, kept.size());
        assertFalse(kernel.addresses.contains(OLD));
    }

    @Test
    void goesBackFromHalfAChangeThatAKillLeft() throws Exception {
        String before = kernel.state();
        kernel.failFrom(3);
        ManagementNetwork killed = network(NEVER_MILLIS);
        killed.begin("eth0", OLD, settings());
        until(() -> kernel.state().contains(NEW_IP));
        killed.close();
        assertTrue(Files.exists(note()));
        kernel.failFrom(0);

        try (ManagementNetwork next = network(NEVER_MILLIS)) {
            until(() -> !next.busy());
        }
        assertEquals(before, kernel.state());
    }

    @Test
    void dropsTheNoteOfAnotherBoot() throws Exception {
        ManagementNetwork killed = network(NEVER_MILLIS);
        killed.begin("eth0", OLD, settings());
        until(() -> applied());
        killed.close();
        String after = kernel.state();
        bootId.set("the next boot");
        try (ManagementNetwork next = network(NEVER_MILLIS)) {
            assertFalse(next.busy());
        }
        assertEquals(after, kernel.state());
        assertFalse(Files.exists(note()));
    }

    @Test
    void setsADamagedNoteAside() throws Exception {
        for (String text : List.of("", "{", "{}", "{\"phase\":\"APPLIED\"}", "[1]", "{\"phase\":\"NO\"}", "\0\0\0")) {
            Files.writeString(note(), text);
            try (ManagementNetwork network = network(NEVER_MILLIS)) {
                assertFalse(network.busy(), text);
            }
            assertFalse(Files.exists(note()), text);
            assertTrue(Files.exists(directory.resolve("pending-change.json.damaged")));
        }
    }

    private ManagementNetwork network(long confirmMillis) throws IOException {
        return network(confirmMillis, kernel);
    }

    private ManagementNetwork network(long confirmMillis, CommandRunner commands) throws IOException {
        return new ManagementNetwork(
                new PendingFile(directory),
                clock,
                confirmMillis,
                0,
                device -> new IpTool("/sbin/ip", device, commands),
                (device, target) -> kept.add(device + " "
                        + target.addresses().stream()
                                .map(Snapshot.Address::cidr)
                                .toList()));
    }

    private static ManagementSettings settings() throws RequestException {
        return ManagementSettings.of(new NetworkService.Management(NEW_IP, "255.255.255.0", "198.51.100.1"));
    }

    private Path note() {
        return directory.resolve("pending-change.json");
    }

    private boolean applied() {
        try {
            return new PendingFile(directory)
                    .read()
                    .filter(change -> change.phase() == PendingChange.Phase.APPLIED)
                    .isPresent();
        } catch (IOException e) {
            return false;
        }
    }

    private static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - deadline < 0, "not within a minute");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
