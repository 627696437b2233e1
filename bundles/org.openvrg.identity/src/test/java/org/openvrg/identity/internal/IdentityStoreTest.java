package org.openvrg.identity.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityStoreTest {
    @TempDir
    private Path parent;

    @Test
    void makesAnIdentityOnceAndKeepsIt() throws Exception {
        Path directory = parent.resolve("deep/identity");
        StoredIdentity made = new IdentityStore(directory).loadOrMake();
        StoredIdentity read = new IdentityStore(directory).loadOrMake();
        assertEquals(made.vrgUuid(), read.vrgUuid());
        assertEquals(made.fingerprint(), read.fingerprint());
        assertArrayEquals(made.privateKey().getEncoded(), read.privateKey().getEncoded());
        assertTrue(made.fingerprint().matches("[0-9a-f]{64}"));
        assertEquals(
                "CN=vrg-" + made.vrgUuid(),
                made.certificate().getSubjectX500Principal().getName());
        made.certificate().checkValidity(Date.from(Instant.now().plus(Duration.ofDays(365 * 19))));
        assertNotEquals(
                made.fingerprint(),
                new IdentityStore(parent.resolve("other")).loadOrMake().fingerprint());
    }

    @Test
    void keepsTheFileFromOthers() throws Exception {
        new IdentityStore(parent).loadOrMake();
        Path file = parent.resolve(IdentityStore.FILE_NAME);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        new IdentityStore(parent).loadOrMake();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }

    @Test
    void ignoresWhatAKilledFirstStartLeft() throws Exception {
        Files.writeString(parent.resolve(IdentityStore.FILE_NAME + ".new"), "half");
        new IdentityStore(parent).loadOrMake();
        assertFalse(Files.exists(parent.resolve(IdentityStore.FILE_NAME + ".new")));
    }

    @Test
    void saysThatAStoreIsDamagedAndLeavesItAsItIs() throws Exception {
        new IdentityStore(parent).loadOrMake();
        Path file = parent.resolve(IdentityStore.FILE_NAME);
        byte[] good = Files.readAllBytes(file);
        for (int length = 0; length < good.length; length += 7) {
            assertDamaged(file, Arrays.copyOf(good, length));
        }
        for (int at = 0; at < good.length; at++) {
            byte[] bad = good.clone();
            bad[at] = (byte) (bad[at] == '\n' ? 'x' : '!');
            assertDamaged(file, bad);
        }
    }

    @Test
    void refusesAKeyOfAnotherCertificate() throws Exception {
        new IdentityStore(parent).loadOrMake();
        new IdentityStore(parent.resolve("other")).loadOrMake();
        Path file = parent.resolve(IdentityStore.FILE_NAME);
        String mine = Files.readString(file);
        String other = Files.readString(parent.resolve("other").resolve(IdentityStore.FILE_NAME));
        int from = mine.indexOf("-----BEGIN CERT");
        int otherFrom = other.indexOf("-----BEGIN CERT");
        assertDamaged(file, (mine.substring(0, from) + other.substring(otherFrom)).getBytes(StandardCharsets.US_ASCII));
        int key = mine.indexOf("-----BEGIN PRIV");
        int otherKey = other.indexOf("-----BEGIN PRIV");
        assertDamaged(
                file,
                (mine.substring(0, key) + other.substring(otherKey, otherFrom) + mine.substring(from))
                        .getBytes(StandardCharsets.US_ASCII));
    }

    private void assertDamaged(Path file, byte[] content) throws IOException {
        Files.write(file, content);
        IOException e = assertThrows(IOException.class, () -> new IdentityStore(parent).loadOrMake());
        assertTrue(e.getMessage().contains("damaged"), e.getMessage());
        assertArrayEquals(content, Files.readAllBytes(file));
    }

    @Test
    void tellsNoKeyInItsText() throws Exception {
        StoredIdentity identity = new IdentityStore(parent).loadOrMake();
        assertFalse(identity.toString().contains("rivate"), identity.toString());
    }
}
