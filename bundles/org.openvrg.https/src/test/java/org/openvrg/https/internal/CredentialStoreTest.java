package org.openvrg.https.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialStoreTest {
    private final Instant now = Instant.now();

    @TempDir
    Path folder;

    private Settings settings(Optional<Path> keystore, Optional<Path> password) {
        return new Settings(
                true,
                "127.0.0.1",
                8443,
                folder.resolve("https"),
                keystore,
                password,
                List.of("gateway.example", "192.0.2.7", "2001:db8::7"),
                Duration.ofDays(3650),
                new Settings.Limits(256, Duration.ofSeconds(30), Duration.ofSeconds(30)));
    }

    private CredentialStore made() {
        return new CredentialStore(settings(Optional.empty(), Optional.empty()));
    }

    private Path file() {
        return folder.resolve("https").resolve(CredentialStore.FILE_NAME);
    }

    @Test
    void makesACertificateOnceAndKeepsIt() throws Exception {
        Credential first = made().loadOrMake(now);
        assertEquals(first.fingerprint(), made().loadOrMake(now).fingerprint());
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
        List<Object> names = first.certificate().getSubjectAlternativeNames().stream()
                .<Object>map(name -> name.get(1))
                .toList();
        assertTrue(names.containsAll(List.of("localhost", "127.0.0.1", "gateway.example", "192.0.2.7")), "" + names);
        assertTrue(first.certificate().getNotAfter().toInstant().isAfter(now.plus(Duration.ofDays(3649))));
        try (Stream<Path> files = Files.list(folder.resolve("https"))) {
            assertEquals(List.of(file()), files.toList());
        }
    }

    @Test
    void getsOverWhatAKillAtFirstStartLeft() throws Exception {
        Files.createDirectories(folder.resolve("https"));
        Files.writeString(folder.resolve("https").resolve(CredentialStore.FILE_NAME + ".new"), "half of a key");
        made().loadOrMake(now);
        assertTrue(Files.exists(file()));
    }

    @Test
    void neverReplacesADamagedFile() throws Exception {
        made().loadOrMake(now);
        byte[] whole = Files.readAllBytes(file());
        byte[] half = java.util.Arrays.copyOf(whole, whole.length / 2);
        Files.write(file(), half);
        IOException failure = assertThrows(IOException.class, () -> made().loadOrMake(now));
        assertTrue(failure.getMessage().contains(file().toString()), failure.getMessage());
        assertArrayEquals(half, Files.readAllBytes(file()));
    }

    @Test
    void closesAFileThatWasOpenToOthers() throws Exception {
        made().loadOrMake(now);
        Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r--r--"));
        made().loadOrMake(now);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
    }

    @Test
    void readsTheOperatorsFileAndNoticesItsChange() throws Exception {
        Path keystore = folder.resolve("own.p12");
        Path password = Files.writeString(folder.resolve("password"), "a secret\n");
        Credential own = operators(keystore, "a secret", 1);
        CredentialStore store = new CredentialStore(settings(Optional.of(keystore), Optional.of(password)));
        assertEquals(own.fingerprint(), store.loadOrMake(now).fingerprint());
        assertFalse(Files.exists(file()), "none is made beside it");
        String version = store.version();
        assertEquals(version, store.version());
        operators(keystore, "a secret", 1);
        Files.setLastModifiedTime(keystore, java.nio.file.attribute.FileTime.from(now.plusSeconds(60)));
        assertNotEquals(version, store.version());
        assertFalse(store.loadOrMake(now).toString().contains("secret"), "no secret in the text form");
    }

    @Test
    void tellsWhatIsWrongWithTheOperatorsFile() throws Exception {
        Path keystore = folder.resolve("own.p12");
        Path password = Files.writeString(folder.resolve("password"), "not the secret");
        CredentialStore store = new CredentialStore(settings(Optional.of(keystore), Optional.of(password)));
        assertTrue(message(store).contains("there is no file " + keystore), message(store));
        operators(keystore, "a secret", 1);
        assertTrue(message(store).contains("the password of keystore-password-file"), message(store));
        assertFalse(message(store).contains("not the secret"), message(store));
        Files.writeString(password, "a secret");
        operators(keystore, "a secret", 2);
        assertTrue(message(store).contains("it holds 2 keys"), message(store));
        operators(keystore, "a secret", 0);
        assertTrue(message(store).contains("it holds 0 keys"), message(store));
    }

    @Test
    void refusesAKeyThatIsNotThatOfTheCertificate() throws Exception {
        Path keystore = folder.resolve("own.p12");
        Path password = Files.writeString(folder.resolve("password"), "x");
        Credential one = CertificateMaker.make(List.of(), Duration.ofDays(1), now);
        Credential other = CertificateMaker.make(List.of(), Duration.ofDays(1), now);
        KeyStore mixed = KeyStore.getInstance("PKCS12");
        mixed.load(null, null);
        mixed.setKeyEntry("k", one.keyStore().getKey("https", new char[0]), "x".toCharArray(), new Certificate[] {
            other.certificate()
        });
        store(mixed, keystore, "x");
        CredentialStore store = new CredentialStore(settings(Optional.of(keystore), Optional.of(password)));
        assertTrue(message(store).contains("do not belong together"), message(store));
    }

    private String message(CredentialStore store) {
        return assertThrows(IOException.class, () -> store.loadOrMake(now)).getMessage();
    }

    private Credential operators(Path target, String password, int keys) throws Exception {
        Credential credential = CertificateMaker.make(List.of(), Duration.ofDays(10), now);
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (int i = 0; i < keys; i++) {
            store.setKeyEntry(
                    "k" + i,
                    credential.keyStore().getKey("https", new char[0]),
                    password.toCharArray(),
                    new Certificate[] {credential.certificate()});
        }
        store(store, target, password);
        return credential;
    }

    private static void store(KeyStore store, Path target, String password) throws Exception {
        try (OutputStream out = Files.newOutputStream(target)) {
            store.store(out, password.toCharArray());
        }
    }
}
