package org.openvrg.network.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is read from the machine, and how its programs are run. */
class MachineTest {
    private static final String HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU";

    @Test
    void findsTheDefaultGatewayOfTheLowestMetric() {
        List<String> lines = List.of(
                HEADER,
                line("eth1", 0, 0x0A000001L, 1, 0),
                line("eth0", 0, 0xC0000209L, 200, 0),
                line("eth0", 0, 0xC0000201L, 100, 0),
                line("eth0", 0xC0000200L, 0, 0, 0xFFFFFF00L),
                line("eth2", 0, 0, 0, 0),
                "broken");
        assertEquals(Optional.of("192.0.2.1"), RoutingTable.defaultGateway(lines, "eth0"));
        assertEquals(Optional.of("10.0.0.1"), RoutingTable.defaultGateway(lines, "eth1"));
        assertEquals(Optional.empty(), RoutingTable.defaultGateway(lines, "eth2"));
        assertEquals(Optional.empty(), RoutingTable.defaultGateway(lines, "eth"));
    }

    private static String line(String device, long destination, long gateway, int metric, long mask) {
        return String.join(
                "\t",
                device,
                hex(destination),
                hex(gateway),
                "0003",
                "0",
                "0",
                Integer.toString(metric),
                hex(mask),
                "0");
    }

    private static String hex(long address) {
        int number = (int) address;
        int raw = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? Integer.reverseBytes(number) : number;
        return String.format(Locale.ROOT, "%08X", raw);
    }

    @Test
    void readsTheRightFromTheCapabilities() throws IOException {
        assertTrue(Privileges.mayChangeNetwork("Name:\tjava\nCapEff:\t000001fffeffffff\n"));
        assertTrue(Privileges.mayChangeNetwork("CapEff:\t0000000000001000\n"));
        assertFalse(Privileges.mayChangeNetwork("CapPrm:\t0000000000001000\nCapEff:\tffffffffffffefff\n"));
        assertFalse(Privileges.mayChangeNetwork("CapEff:\t0000000000000000\n"));
        assertFalse(Privileges.mayChangeNetwork("Name:\tjava\n"));
    }

    @Test
    void hasAClockOfThisBoot() throws IOException {
        BootClock clock = BootClock.ofLinux();
        assertEquals(36, clock.bootId().length());
        assertEquals(clock.bootId(), clock.bootId());
        long before = clock.millis();
        assertTrue(before > 0 && clock.millis() >= before);
    }

    @Test
    void runsCommandsWithoutAShell() throws IOException {
        ProcessRunner runner = new ProcessRunner();
        assertEquals("$HOME; `id` *\n", runner.run(List.of("/bin/echo", "$HOME; `id` *")));
        assertEquals("LC_ALL=C\n", runner.run(List.of("/usr/bin/env", "-u", "PATH")));
        IOException failed = assertThrows(IOException.class, () -> runner.run(List.of("/bin/ls", "/no such file")));
        assertTrue(failed.getMessage().contains("No such file"), failed.getMessage());
        assertThrows(IOException.class, () -> runner.run(List.of("/no such program")));
        assertThrows(IOException.class, () -> runner.run(List.of("/bin/head", "-c", "1048577", "/dev/zero")));
    }

    @Test
    void convertsMasks() {
        for (int length = 0; length <= 32; length++) {
            assertEquals(length, Ipv4.prefixLength(Ipv4.mask(length)).orElseThrow());
        }
        assertTrue(Ipv4.prefixLength(0xFF00FF00L).isEmpty());
        assertEquals("255.255.240.0", Ipv4.format(Ipv4.mask(20)));
    }
}
