package org.openvrg.nbd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.openvrg.api.service.Identity;

/** An identity made by the JDK's keytool, valid for 127.0.0.1; the one named gateway is its own authority. */
public final class TestIdentity implements Identity {
    private static final char[] PASSWORD = "only-for-tests".toCharArray();

    private static final Map<String, TestIdentity> MADE = new HashMap<>();

    private final KeyStore store;

    private TestIdentity(KeyStore store) {
        this.store = store;
    }

    /** The identity of a name, made once for all tests since keytool takes seconds. */
    public static synchronized TestIdentity named(String name) throws Exception {
        TestIdentity known = MADE.get(name);
        if (known == null) {
            known = make(name);
            MADE.put(name, known);
        }
        return known;
    }

    private static TestIdentity make(String name) throws Exception {
        Path directory = Files.createTempDirectory("nbd-identity");
        Path file = directory.resolve(name + ".p12");
        Tools.run(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "key",
                "-keyalg",
                "RSA",
                "-keysize",
                "2048",
                "-dname",
                "CN=" + name,
                "-ext",
                "san=ip:127.0.0.1,dns:localhost",
                "-ext",
                "bc:critical=ca:" + name.equals("gateway"),
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                new String(PASSWORD));
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        Files.delete(file);
        Files.delete(directory);
        return new TestIdentity(store);
    }

    /** A context that shows this identity and trusts another one. */
    public SSLContext trusting(TestIdentity server, boolean showCertificate) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", server.certificate());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(showCertificate ? keys.getKeyManagers() : null, trust.getTrustManagers(), null);
        return context;
    }

    /** Writes a file of the PEM form that GnuTLS clients read. */
    public static void writePem(Path file, String kind, byte[] der) throws IOException {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        Files.writeString(
                file,
                "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n",
                StandardCharsets.US_ASCII);
    }

    @Override
    public UUID vrgUuid() {
        return new UUID(1, 2);
    }

    @Override
    public X509Certificate certificate() {
        try {
            return (X509Certificate) store.getCertificate("key");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public PrivateKey privateKey() {
        try {
            return (PrivateKey) store.getKey("key", PASSWORD);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String fingerprint() {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(certificate().getEncoded());
            return HexFormat.of().formatHex(digest);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
