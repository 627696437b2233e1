package org.openvrg.network.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PersistenceTest {
    private static final Snapshot TARGET = new Snapshot(
            List.of(
                    new Snapshot.Address("198.51.100.7/24", List.of("198.51.100.7/24")),
                    new Snapshot.Address("192.0.2.99/24", List.of("192.0.2.99/24"))),
            List.of(
                    new Snapshot.Route(List.of("default", "via", "198.51.100.1", "proto", "static", "metric", "100")),
                    new Snapshot.Route(List.of("203.0.113.0/24", "via", "192.0.2.9", "onlink")),
                    new Snapshot.Route(List.of("169.254.0.0/16", "scope", "link", "metric", "1000"))));

    @TempDir
    private Path directory;

    @Test
    void writesAFileOfNetworkdThatComesFirst() throws IOException {
        List<List<String>> told = new ArrayList<>();
        NetworkdFile networkd = new NetworkdFile(directory, List.of("/usr/bin/networkctl", "reload"), command -> {
            told.add(command);
            throw new IOException("networkd does not run");
        });
        networkd.check("eth0");
        assertEquals(List.of(), names());
        networkd.write("eth0", TARGET);
        networkd.write("eth0", TARGET);
        assertEquals(List.of("00-vrg-eth0.network"), names());
        String text = Files.readString(directory.resolve("00-vrg-eth0.network"));
        assertEquals(
                """
                [Match]
                Name=eth0

                [Network]
                Address=198.51.100.7/24
                Address=192.0.2.99/24

                [Route]
                Gateway=198.51.100.1
                Metric=100

                [Route]
                Gateway=192.0.2.9
                Destination=203.0.113.0/24
                GatewayOnLink=yes
                """,
                text.substring(text.indexOf("[Match]")));
        assertEquals(
                "rw-r--r--",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("00-vrg-eth0.network"))));
        assertEquals(2, told.size(), "a networkd that can't be told is no failure");
    }

    @Test
    void changesOnlyTheStanzaOfTheInterface() throws IOException {
        Path file = write(
                "interfaces",
                """
                # by hand
                source /etc/network/interfaces.d/*
                auto lo eth0
                iface lo inet loopback

                iface eth0 inet static
                    address 192.0.2.2/24
                \tnetmask 255.255.255.0
                    # why
                    gateway 192.0.2.1
                    dns-nameservers 192.0.2.53
                    up ip route add 10.0.0.0/8 \\
                        via 192.0.2.9
                iface eth0 inet6 static
                    address 2001:db8::2/64
                    gateway fe80::1
                """);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        new IfupdownFile(file).check("eth0");
        new IfupdownFile(file).write("eth0", TARGET);
        String once = Files.readString(file);
        assertEquals(
                """
                # by hand
                source /etc/network/interfaces.d/*
                auto lo eth0
                iface lo inet loopback

                iface eth0 inet static
                    address 198.51.100.7/24
                    gateway 198.51.100.1
                    metric 100
                    # why
                    dns-nameservers 192.0.2.53
                    up ip route add 10.0.0.0/8 \\
                        via 192.0.2.9
                iface eth0 inet6 static
                    address 2001:db8::2/64
                    gateway fe80::1
                """,
                once);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        new IfupdownFile(file).write("eth0", TARGET);
        assertEquals(once, Files.readString(file));
    }

    @Test
    void findsTheStanzaInTheFolderBeside() throws IOException {
        Path main = write("interfaces", "source interfaces.d/*\nauto lo\niface lo inet loopback\n");
        Files.createDirectory(directory.resolve("interfaces.d"));
        Path other = write("interfaces.d/eth01", "iface eth01 inet dhcp\n");
        Path own = write(
                "interfaces.d/setup", "allow-hotplug eth0\niface eth0 inet dhcp\n    hostname vrg\n    mtu 9000\n");
        new IfupdownFile(main).write("eth0", TARGET);
        assertEquals(
                """
                allow-hotplug eth0
                iface eth0 inet static
                    address 198.51.100.7/24
                    gateway 198.51.100.1
                    metric 100
                    mtu 9000
                """,
                Files.readString(own));
        assertEquals("iface eth01 inet dhcp\n", Files.readString(other));
        assertTrue(Files.readString(main).startsWith("source interfaces.d/*\nauto lo\n"));
    }

    @Test
    void appendsAStanzaWhereThereIsNone() throws IOException {
        Path main = write("interfaces", "auto lo\niface lo inet loopback\n");
        new IfupdownFile(main).write("eth0", TARGET);
        assertEquals(
                """
                auto lo
                iface lo inet loopback

                auto eth0
                iface eth0 inet static
                    address 198.51.100.7/24
                    gateway 198.51.100.1
                    metric 100
                """,
                Files.readString(main));
    }

    @Test
    void noticesBeforehandWhatCanNotBeWritten() {
        assertThrows(IOException.class, () -> new IfupdownFile(directory.resolve("none/interfaces")).check("eth0"));
        assertThrows(IOException.class, () -> new NetworkdFile(directory.resolve("none"), List.of(), command -> "")
                .check("eth0"));
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
