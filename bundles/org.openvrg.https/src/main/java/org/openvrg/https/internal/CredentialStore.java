package org.openvrg.https.internal;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.openvrg.api.file.DurableFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The key and certificate of HTTPS on disk, in PKCS#12 (RFC 7292): the operator's file where one is configured, else
 * {@code https.p12}, mode 600, made at first start. That file is written beside, synced and renamed: it is there as a
 * whole or not at all. One that is there but damaged is an error and never replaced, as clients may have pinned it.
 */
final class CredentialStore {
    /** The file that is made here. */
    static final String FILE_NAME = "https.p12";

    private static final Logger LOG = LoggerFactory.getLogger(CredentialStore.class);
    private static final long MAX_FILE_BYTES = 1024 * 1024;
    private static final int LEAST_RSA_BITS = 2048;
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    private final Settings settings;

    CredentialStore(Settings settings) {
        this.settings = settings;
    }

    /**
     * Reads key and certificate, or makes them at the first start.
     *
     * @throws IOException names the file when it is damaged or can't be read or written, and never its password
     */
    Credential loadOrMake(Instant now) throws IOException {
        Path file = file();
        if (settings.keystore().isEmpty() && !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            try {
                Credential made = CertificateMaker.make(settings.names(), settings.validity(), now);
                save(file, made);
                LOG.info("made {} in {}", made, file);
            } catch (GeneralSecurityException e) {
                throw new IOException("no certificate for HTTPS can be made", e);
            }
        }
        return load(file);
    }

    /** Changes whenever one of the files does. */
    String version() throws IOException {
        return stamp(file())
                + settings.keystorePassword().map(CredentialStore::stamp).orElse("");
    }

    private Path file() {
        return settings.keystore().orElse(settings.directory().resolve(FILE_NAME));
    }

    private static String stamp(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return attributes.lastModifiedTime() + " " + attributes.size() + " " + attributes.fileKey() + ";";
        } catch (IOException e) {
            LOG.debug("{} can't be looked at", file, e);
            return "absent;";
        }
    }

    private Credential load(Path file) throws IOException {
        if (settings.keystore().isEmpty()) {
            restrict(file);
        }
        String password = password();
        byte[] bytes = read(file);
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(bytes), password.toCharArray());
            return check(file, store, password);
        } catch (GeneralSecurityException | IOException e) {
            throw new IOException(
                    "the certificate file " + file + " can't be used: it must be PKCS#12 with one key, its certificate"
                            + " and the password of keystore-password-file (" + e.getMessage() + ")",
                    e);
        }
    }

    private String password() throws IOException {
        Optional<Path> file = settings.keystore().flatMap(unused -> settings.keystorePassword());
        return file.isEmpty()
                ? CertificateMaker.PASSWORD
                : new String(read(file.get()), StandardCharsets.UTF_8).replaceFirst("\\R+\\z", "");
    }

    private static byte[] read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException("there is no file " + file);
        }
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw new IOException(file + " is longer than " + MAX_FILE_BYTES + " bytes");
        }
        return Files.readAllBytes(file);
    }

    private static Credential check(Path file, KeyStore store, String password)
            throws GeneralSecurityException, IOException {
        List<String> keys = Collections.list(store.aliases()).stream()
                .filter(alias -> {
                    try {
                        return store.isKeyEntry(alias);
                    } catch (GeneralSecurityException e) {
                        throw new IllegalStateException("a key store that was loaded tells its entries", e);
                    }
                })
                .toList();
        if (keys.size() != 1) {
            throw new IOException("it holds " + keys.size() + " keys");
        }
        if (!(store.getKey(keys.get(0), password.toCharArray()) instanceof PrivateKey key)
                || !(store.getCertificate(keys.get(0)) instanceof X509Certificate certificate)) {
            throw new IOException("it holds no private key with an X.509 certificate");
        }
        checkPair(key, certificate.getPublicKey());
        if (certificate.getNotAfter().toInstant().isBefore(Instant.now())) {
            LOG.warn(
                    "the certificate in {} expired at {}",
                    file,
                    certificate.getNotAfter().toInstant());
        }
        return new Credential(store, password, certificate);
    }

    private static void checkPair(PrivateKey key, PublicKey publicKey) throws GeneralSecurityException, IOException {
        if (publicKey instanceof RSAKey rsa && rsa.getModulus().bitLength() < LEAST_RSA_BITS) {
            throw new IOException("its RSA key has " + rsa.getModulus().bitLength() + " bits; the least is 2048");
        }
        String algorithm =
                switch (key.getAlgorithm()) {
                    case "EC" -> "SHA256withECDSA";
                    case "RSA" -> "SHA256withRSA";
                    default -> throw new IOException("its key is " + key.getAlgorithm() + "; it must be EC or RSA");
                };
        byte[] probe = {1, 2, 3};
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        signature.update(probe);
        byte[] signed = signature.sign();
        signature.initVerify(publicKey);
        signature.update(probe);
        if (!signature.verify(signed)) {
            throw new IOException("its key and its certificate do not belong together");
        }
    }

    private static void restrict(Path file) throws IOException {
        if (!Files.getPosixFilePermissions(file).equals(OWNER_ONLY)) {
            LOG.warn("{} was open to others; its mode is 600 again", file);
            Files.setPosixFilePermissions(file, OWNER_ONLY);
        }
    }

    private void save(Path file, Credential credential) throws IOException, GeneralSecurityException {
        Files.createDirectories(settings.directory());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        credential.keyStore().store(bytes, credential.password().toCharArray());
        DurableFile.replace(file, bytes.toByteArray(), OWNER_ONLY);
    }
}
