package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** HTTPS of the real distribution, seen from outside. The tests are steps in the life of one appliance. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class HttpsTest {
    private static final System.Logger LOG = System.getLogger(HttpsTest.class.getName());
    private static final Duration TOOL = Duration.ofMinutes(1);
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Set<Integer> TLS_1_3_SUITES = Set.of(0x1301, 0x1302, 0x1303);
    private static final Set<Integer> ECDSA_SUITES = Set.of(0xC02B, 0xC02C, 0xCCA9);
    private static final Set<Integer> RSA_SUITES = Set.of(0xC02F, 0xC030, 0xCCA8);
    private static final String PKCS12_PASSWORD = "Only-for-tests-2";

    @TempDir
    static Path folder;

    private static Appliance appliance;

    @BeforeAll
    static void unpack() throws IOException, InterruptedException {
        appliance = Gateway.unpacked("https");
    }

    @AfterAll
    static void kill() {
        appliance.close();
    }

    @Test
    @Order(1)
    void keepsItsCertificateOverAKillAtFirstStart() throws Exception {
        Path file = appliance.home().resolve("data/https/https.p12");
        appliance.launch();
        Await.until(Appliance.START, () -> file + "\n" + appliance.tail(), () -> Files.exists(file.getParent()));
        appliance.kill();

        appliance.start();
        awaitHttps();
        X509Certificate first = Https.served(appliance.httpsPort());
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        appliance.kill();

        appliance.start();
        awaitHttps();
        assertEquals(first, Https.served(appliance.httpsPort()));
    }

    @Test
    @Order(2)
    void speaksOnlyTls12And13WithAeadCiphers() throws Exception {
        assertSuites(ECDSA_SUITES);
        Path certificate = folder.resolve("made.pem");
        Tools.openssl(List.of(
                "pkcs12",
                "-in",
                appliance.home().resolve("data/https/https.p12").toString(),
                "-passin",
                "pass:",
                "-nokeys",
                "-out",
                certificate.toString()));
        for (String version : List.of("-tls1_2", "-tls1_3")) {
            Tools.Result result = connect(version, "-CAfile", certificate.toString(), "-verify_ip", "127.0.0.1");
            assertEquals(0, result.code(), result.output());
        }
        for (String version : List.of("-tls1", "-tls1_1")) {
            Tools.Result result = connect(version, "-cipher", "ALL:@SECLEVEL=0");
            assertNotEquals(0, result.code(), result.output());
        }
        Tools.Result weak = connect("-tls1_2", "-cipher", "ECDHE+AES:!AESGCM:@SECLEVEL=0");
        assertNotEquals(0, weak.code(), weak.output());
    }

    @Test
    @Order(3)
    void servesTheOperatorsCertificateAndTellsOfItsEnd() throws Exception {
        Path file = folder.resolve("operator.p12");
        X509Certificate made = Https.served(appliance.httpsPort());
        X509Certificate short10 = pkcs12(file, 10);
        appliance.configure("org.openvrg.https", "keystore-file", file);
        appliance.configure(
                "org.openvrg.https",
                "keystore-password-file",
                Files.writeString(folder.resolve("password"), PKCS12_PASSWORD + "\n"));
        appliance.writeConfiguration();
        awaitServed(short10);
        assertNotEquals(made, short10);
        assertSuites(RSA_SUITES);
        awaitLog("alarm .*CERTIFICATE_EXPIRY.* raised for https");

        Files.writeString(file, "this is no PKCS#12");
        awaitLog("operator\\.p12 can't be used");
        assertEquals(short10, Https.served(appliance.httpsPort()), "the one before goes on");
        awaitServed(pkcs12(file, 365));
        awaitLog("alarm .*CERTIFICATE_EXPIRY.* cleared for https");
    }

    @Test
    @Order(4)
    void closesPlainHttpWhereItIsSwitchedOff() throws Exception {
        try (Socket open = new Socket(InetAddress.getLoopbackAddress(), appliance.httpPort())) {
            assertTrue(open.isConnected());
        }
        appliance.stop();
        appliance.configure("org.ops4j.pax.web", "org.osgi.service.http.enabled", "false");
        appliance.launch();
        awaitHttps();
        Rest rest = new Rest(
                "https://127.0.0.1:" + appliance.httpsPort() + "/vrgservice",
                Https.trusting(Https.served(appliance.httpsPort())),
                Gateway.PASSWORD);
        Await.until(Appliance.START, () -> "REST over TLS\n" + appliance.tail(), rest::answers);
        assertTrue(rest.get("/vrgstatus").has("status"));
        assertThrows(ConnectException.class, () -> new Socket(InetAddress.getLoopbackAddress(), appliance.httpPort())
                .close());
    }

    private static void awaitHttps() {
        Await.until(SOON, () -> "HTTPS\n" + appliance.tail(), () -> Https.served(appliance.httpsPort()) != null);
    }

    private static void awaitServed(X509Certificate certificate) {
        Await.until(
                SOON, () -> "the certificate is served\n" + appliance.tail(), () -> Https.served(appliance.httpsPort())
                        .equals(certificate));
    }

    private static void awaitLog(String pattern) {
        Pattern compiled = Pattern.compile(pattern);
        Await.until(SOON, () -> pattern + "\n" + appliance.tail(), () -> compiled.matcher(appliance.log())
                .find());
    }

    private static void assertSuites(Set<Integer> tls12) throws IOException {
        for (int old : List.of(TlsProbe.SSL_3, TlsProbe.TLS_1_0, TlsProbe.TLS_1_1)) {
            assertEquals(Set.of(), TlsProbe.accepted(appliance.httpsPort(), old), () -> String.format("%04X", old));
        }
        Set<Integer> found12 = TlsProbe.accepted(appliance.httpsPort(), TlsProbe.TLS_1_2);
        Set<Integer> found13 = TlsProbe.accepted(appliance.httpsPort(), TlsProbe.TLS_1_3);
        LOG.log(
                System.Logger.Level.INFO,
                "TLS 1.2 accepts " + TlsProbe.hex(found12) + ", TLS 1.3 " + TlsProbe.hex(found13) + " of "
                        + TlsProbe.allSuites(TlsProbe.TLS_1_2).size() + " and "
                        + TlsProbe.allSuites(TlsProbe.TLS_1_3).size()
                        + " numbers; TLS 1.1, 1.0 and SSL 3 are refused");
        assertEquals(new TreeSet<>(tls12), found12, () -> TlsProbe.hex(found12));
        assertEquals(new TreeSet<>(TLS_1_3_SUITES), found13, () -> TlsProbe.hex(found13));
    }

    private static Tools.Result connect(String... options) throws IOException, InterruptedException {
        List<String> command = new java.util.ArrayList<>(List.of(
                "sh",
                "-c",
                "exec openssl s_client \"$@\" </dev/null",
                "sh",
                "-connect",
                "127.0.0.1:" + appliance.httpsPort(),
                "-verify_return_error",
                "-brief"));
        command.addAll(List.of(options));
        return Tools.run(TOOL, command);
    }

    /** Puts an RSA key and a certificate into a PKCS#12 file, as an operator does it, and returns the certificate. */
    private static X509Certificate pkcs12(Path target, int days)
            throws IOException, InterruptedException, GeneralSecurityException {
        String key = folder.resolve("key.pem").toString();
        Path certificate = folder.resolve("certificate.pem");
        Tools.openssl(List.of(
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                "/CN=gateway.example",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-days",
                String.valueOf(days),
                "-keyout",
                key,
                "-out",
                certificate.toString()));
        Path temporary = folder.resolve("new.p12");
        Tools.openssl(List.of(
                "pkcs12",
                "-export",
                "-inkey",
                key,
                "-in",
                certificate.toString(),
                "-passout",
                "pass:" + PKCS12_PASSWORD,
                "-out",
                temporary.toString()));
        Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
        try (java.io.InputStream in = Files.newInputStream(certificate)) {
            return (X509Certificate)
                    java.security.cert.CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
