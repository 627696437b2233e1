package org.openvrg.platform.kvm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.qemu.qmp.QmpAddress;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;
import org.openvrg.qemu.qmp.QmpListener;

/** A monitor by TCP that wants a certificate, with QEMU's own TLS. */
class TlsMonitorTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final UUID VM = UUID.fromString("11111111-0d29-4a4c-9a3b-0c7c6b1d9a10");
    private static final VolumeId VOLUME = new VolumeId("6e1d1f5c-0d29-4a4c-9a3b-0c7c6b1d9a10");

    @TempDir
    Path folder;

    private Process qemu;
    private int port;

    @BeforeEach
    void start() throws Exception {
        certificate("ca", "basicConstraints=critical,CA:true", "-x509 -days 2");
        signed("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth");
        signed("client", "extendedKeyUsage=clientAuth");
        Files.writeString(folder.resolve("password"), "only-for-tests\n");
        shell("openssl pkcs12 -export -in client.pem -inkey client.key -passout file:password -out client.p12");
        Path server = Files.createDirectories(folder.resolve("qemu"));
        Files.copy(folder.resolve("ca.pem"), server.resolve("ca-cert.pem"));
        Files.copy(folder.resolve("server.pem"), server.resolve("server-cert.pem"));
        Files.copy(folder.resolve("server.key"), server.resolve("server-key.pem"));
        try (RandomAccessFile image =
                new RandomAccessFile(folder.resolve("a.raw").toFile(), "rw")) {
            image.setLength(1 << 20);
        }
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        List<String> command = new ArrayList<>(List.of(
                "qemu-system-x86_64",
                "-accel",
                "tcg",
                "-m",
                "32",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none"));
        command.addAll(List.of("-S", "-uuid", VM.toString()));
        command.addAll(List.of("-object", "tls-creds-x509,id=tls,endpoint=server,verify-peer=on,dir=" + server));
        command.addAll(
                List.of("-chardev", "socket,id=qmp,host=127.0.0.1,port=" + port + ",server=on,wait=off,tls-creds=tls"));
        command.addAll(List.of("-mon", "chardev=qmp,mode=control"));
        command.addAll(List.of("-drive", "if=none,id=a,format=raw,file=" + folder.resolve("a.raw")));
        command.addAll(List.of("-device", "virtio-blk-pci,drive=a,serial=" + VOLUME));
        qemu = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("qemu.log").toFile())
                .start();
    }

    @AfterEach
    void stop() throws InterruptedException {
        qemu.destroyForcibly();
        assertTrue(qemu.waitFor(SOON.toSeconds(), TimeUnit.SECONDS));
    }

    /** A key, and a certificate or, without more options, a request for one. */
    private void certificate(String name, String extensions, String options) throws Exception {
        Files.writeString(
                folder.resolve(name + ".cnf"),
                "[req]\nprompt=no\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\nCN=" + name + "\n[ext]\n"
                        + extensions + "\n");
        shell("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config " + name + ".cnf -keyout "
                + name + ".key -out " + name + ".pem " + options);
    }

    private void signed(String name, String extensions) throws Exception {
        certificate(name, extensions, "");
        shell("mv " + name + ".pem " + name + ".csr && openssl x509 -req -days 2 -in " + name
                + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -extensions ext -extfile " + name + ".cnf -out " + name
                + ".pem");
    }

    private void shell(String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("sh", "-c", command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS), command);
        assertEquals(0, process.exitValue(), command + ": " + output);
    }

    @Test
    void theGatewayShowsItsCertificateAndFindsTheVm() throws Exception {
        try (KvmPlatform platform = new KvmPlatform(HostSettings.of(HostSettingsTest.config(Map.of(
                "state", folder.resolve("state").toString(),
                "scan-millis", 200,
                "watchdog", false,
                "monitors", "127.0.0.1:" + port + ";reader=127.0.0.1:1",
                "tls-keystore-file", folder.resolve("client.p12").toString(),
                "tls-keystore-password-file", folder.resolve("password").toString(),
                "tls-authorities-file", folder.resolve("ca.pem").toString()))))) {
            long deadline = System.nanoTime() + SOON.toNanos();
            while (!platform.hosts(new DiskRef(VM, VOLUME, OptionalInt.empty()))) {
                assertTrue(
                        System.nanoTime() < deadline && qemu.isAlive(),
                        () -> "the VM is not found: " + text(folder.resolve("qemu.log")));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            }
        }
    }

    @Test
    void withoutItNobodyGetsIn() {
        QmpAddress clear = QmpAddress.tcp(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        QmpException refused = org.junit.jupiter.api.Assertions.assertThrows(
                QmpException.class, () -> QmpClient.open(clear, Duration.ofSeconds(1), QmpListener.NONE));
        assertTrue(refused.kind() != QmpException.Kind.REFUSED, refused.getMessage());
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
