package org.openvrg.identity.internal;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openvrg.api.file.DurableFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The identity in a directory: one file, so that UUID, key and certificate are there together or not at all.
 *
 * <p>{@code identity.pem}, mode 600: a line {@code vrg-uuid: <UUID>}, the private key (PKCS#8, RFC 5958) and the
 * certificate (X.509), both in PEM (RFC 7468). It is written beside, synced and renamed. A file that is there but
 * damaged is an error and never replaced: a new identity would cost the pairing, and only an operator can know that.
 */
final class IdentityStore {
    static final String FILE_NAME = "identity.pem";

    private static final Logger LOG = LoggerFactory.getLogger(IdentityStore.class);
    private static final String KEY = "PRIVATE KEY";
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final int MAX_FILE_BYTES = 64 * 1024;
    private static final int LINE_CHARACTERS = 64;
    private static final Pattern UUID_LINE = Pattern.compile("(?m)^vrg-uuid: ([0-9a-f-]{36})$");
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    private final Path directory;

    IdentityStore(Path directory) {
        this.directory = directory;
    }

    /**
     * Reads the identity, or makes it at the first start.
     *
     * @throws IOException names the file when it is damaged or can't be read or written
     */
    StoredIdentity loadOrMake() throws IOException {
        Path file = directory.resolve(FILE_NAME);
        if (Files.exists(file, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            return load(file);
        }
        try {
            StoredIdentity identity = IdentityMaker.make(Instant.now());
            save(file, identity);
            LOG.info("identity {} made in {}", identity.vrgUuid(), file);
            return load(file);
        } catch (GeneralSecurityException e) {
            throw new IOException("no identity can be made", e);
        }
    }

    private static StoredIdentity load(Path file) throws IOException {
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw damaged(file, "it is longer than " + MAX_FILE_BYTES + " bytes", null);
        }
        restrict(file);
        String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        try {
            Matcher uuid = UUID_LINE.matcher(text);
            if (!uuid.find()) {
                throw damaged(file, "it has no line with vrg-uuid", null);
            }
            PrivateKey key =
                    KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(block(file, text, KEY)));
            X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(block(file, text, CERTIFICATE)));
            StoredIdentity identity = new StoredIdentity(UUID.fromString(uuid.group(1)), certificate, key);
            check(file, identity);
            return identity;
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw damaged(file, e.getMessage(), e);
        }
    }

    private static void restrict(Path file) throws IOException {
        if (!Files.getPosixFilePermissions(file).equals(OWNER_ONLY)) {
            LOG.warn("{} was open to others; its mode is 600 again", file);
            Files.setPosixFilePermissions(file, OWNER_ONLY);
        }
    }

    private static void check(Path file, StoredIdentity identity) throws IOException, GeneralSecurityException {
        X509Certificate certificate = identity.certificate();
        certificate.verify(certificate.getPublicKey());
        if (!certificate.getSubjectX500Principal().getName().equals(IdentityMaker.commonName(identity.vrgUuid()))) {
            throw damaged(file, "its certificate belongs to another UUID", null);
        }
        byte[] probe = identity.vrgUuid().toString().getBytes(StandardCharsets.US_ASCII);
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(identity.privateKey());
        signature.update(probe);
        byte[] signed = signature.sign();
        signature.initVerify(certificate);
        signature.update(probe);
        if (!signature.verify(signed)) {
            throw damaged(file, "its key and its certificate do not belong together", null);
        }
    }

    private static byte[] block(Path file, String text, String label) throws IOException {
        String begin = "-----BEGIN " + label + "-----\n";
        int from = text.indexOf(begin);
        int to = text.indexOf("-----END " + label + "-----\n");
        if (from < 0 || to < from) {
            throw damaged(file, "it has no " + label, null);
        }
        return Base64.getDecoder()
                .decode(text.substring(from + begin.length(), to).replace("\n", ""));
    }

    private static IOException damaged(Path file, String why, Throwable cause) {
        return new IOException(
                "the identity in " + file + " is damaged: " + why
                        + ". Restore the file from a backup, or remove it to start as a new gateway that must be"
                        + " paired again",
                cause);
    }

    private void save(Path file, StoredIdentity identity) throws IOException, GeneralSecurityException {
        Files.createDirectories(directory);
        String text = "vrg-uuid: " + identity.vrgUuid() + "\n"
                + pem(KEY, identity.privateKey().getEncoded())
                + pem(CERTIFICATE, identity.certificate().getEncoded());
        DurableFile.replace(file, text.getBytes(StandardCharsets.US_ASCII), OWNER_ONLY);
    }

    private static String pem(String label, byte[] bytes) {
        String body = Base64.getMimeEncoder(LINE_CHARACTERS, new byte[] {'\n'}).encodeToString(bytes);
        return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
    }
}
