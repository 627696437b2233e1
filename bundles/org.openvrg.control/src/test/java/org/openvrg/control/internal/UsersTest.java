package org.openvrg.control.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.AlarmService;
import org.openvrg.testkit.Await;

class UsersTest {
    private static final PasswordHasher CHEAP = new PasswordHasher(new PasswordHasher.Cost(64, 1, 1));
    private static final String WRONG = "0".repeat(64);

    @TempDir
    Path directory;

    private final MapStore store = new MapStore();
    private final SettableClock clock = new SettableClock();
    private final RaisedAlarms alarms = new RaisedAlarms();
    private final LockAlarms locks = new LockAlarms(alarms, clock);
    private Users users = restarted();

    private Users restarted() {
        return new Users(store, clock, () -> clock.millis() * 1_000_000, CHEAP, locks);
    }

    @Test
    void logsInWithEitherCaseOfTheKey() throws Exception {
        users.create("admin", key("secret"));
        String token = users.login("admin", key("secret").toUpperCase(Locale.ROOT));
        assertTrue(token.length() >= 43, "256 bits");
        assertEquals(Optional.of("admin"), users.authenticate(token));
        assertEquals(Optional.empty(), users.authenticate(token + "x"));
        assertEquals(Optional.empty(), users.authenticate(""));
        assertNotEquals(token, users.login("admin", key("secret")));
    }

    @Test
    void keepsNeitherPasswordNorToken() throws Exception {
        users.create("admin", key("secret"));
        users.login("admin", key("secret"));
        String stored = store.get(Users.AREA, "admin").orElseThrow();
        assertFalse(stored.contains(key("secret")), stored);
        assertTrue(stored.contains("argon2id"), stored);
        assertFalse(Account.fromJson("admin", stored).toString().contains("salt"), "string form without secrets");
    }

    @Test
    void slidesTheEndOfASession() throws Exception {
        users.create("admin", key("secret"));
        String token = users.login("admin", key("secret"));
        for (int i = 0; i < 5; i++) {
            clock.advanceMillis(599_999);
            assertTrue(users.authenticate(token).isPresent());
        }
        clock.advanceMillis(600_000);
        assertTrue(users.authenticate(token).isEmpty());
        assertFalse(users.logout(token));
    }

    @Test
    void logoutEndsTheSessionAtOnce() throws Exception {
        users.create("admin", key("secret"));
        String token = users.login("admin", key("secret"));
        assertTrue(users.logout(token));
        assertTrue(users.authenticate(token).isEmpty());
        assertFalse(users.logout(token));
    }

    @Test
    void evictsTheLeastRecentlyUsedSession() throws Exception {
        users.create("admin", key("secret"));
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < Sessions.MAX_PER_USER; i++) {
            tokens.add(users.login("admin", key("secret")));
        }
        assertTrue(users.authenticate(tokens.get(0)).isPresent());
        users.login("admin", key("secret"));
        assertTrue(users.authenticate(tokens.get(0)).isPresent());
        assertTrue(users.authenticate(tokens.get(1)).isEmpty());
        assertTrue(users.authenticate(tokens.get(2)).isPresent());
    }

    @Test
    void locksAfterThreeWrongPasswordsAcrossARestart() throws Exception {
        users.create("admin", key("secret"));
        assertEquals(ErrorCode.PASSWORD_WRONG, refused("admin", WRONG));
        users = restarted();
        assertEquals(ErrorCode.PASSWORD_WRONG, refused("admin", WRONG));
        assertEquals(ErrorCode.ACCOUNT_NOW_LOCKED, refused("admin", WRONG));
        assertEquals(ErrorCode.ACCOUNT_LOCKED, refused("admin", key("secret")));
        users = restarted();
        clock.advanceMillis(299_999);
        assertEquals(ErrorCode.ACCOUNT_LOCKED, refused("admin", key("secret")));
        clock.advanceMillis(1);
        users.login("admin", key("secret"));
        assertEquals(ErrorCode.PASSWORD_WRONG, refused("admin", WRONG));
    }

    @Test
    void raisesAnAlarmForAsLongAsAnAccountIsLocked() throws Exception {
        users.create("admin", key("secret"));
        users.create("other", key("secret"));
        store.put(Users.AREA, "damaged", "{");
        refused("admin", WRONG);
        refused("admin", WRONG);
        assertEquals(List.of(), alarms.raised());
        refused("admin", WRONG);
        assertEquals(List.of("ACCOUNT_LOCKED admin"), alarms.raised());
        clock.advanceMillis(299_980);
        RaisedAlarms afterRestart = new RaisedAlarms();
        afterRestart.raise(AlarmService.Kind.ACCOUNT_LOCKED, "other", "left from before");
        try (LockAlarms fresh = new LockAlarms(afterRestart, clock)) {
            users = new Users(store, clock, clock::millis, CHEAP, fresh);
            assertEquals(List.of("ACCOUNT_LOCKED admin"), afterRestart.raised());
            clock.advanceMillis(20);
            Await.until("the end of the lock", () -> afterRestart.raised().isEmpty());
        }
    }

    @Test
    void countsAnewAfterALockAndAfterSuccess() throws Exception {
        users.create("admin", key("secret"));
        refused("admin", WRONG);
        refused("admin", WRONG);
        users.login("admin", key("secret"));
        assertEquals(ErrorCode.PASSWORD_WRONG, refused("admin", WRONG));
        refused("admin", WRONG);
        assertEquals(ErrorCode.ACCOUNT_NOW_LOCKED, refused("admin", WRONG));
        clock.advanceMillis(300_000);
        assertEquals(ErrorCode.PASSWORD_WRONG, refused("admin", WRONG));
    }

    @Test
    void doesNotLockForYearsWhenTheClockWasPutBack() throws Exception {
        users.create("admin", key("secret"));
        refused("admin", WRONG);
        refused("admin", WRONG);
        refused("admin", WRONG);
        clock.advanceMillis(-1_000_000_000L);
        users.login("admin", key("secret"));
    }

    @Test
    void parallelGuessesDoNotSlipPastTheLimit() throws Exception {
        users.create("admin", key("secret"));
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            List<Callable<ErrorCode>> guesses = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                guesses.add(() -> refused("admin", WRONG));
            }
            List<ErrorCode> answers = new ArrayList<>();
            for (Future<ErrorCode> answer : pool.invokeAll(guesses, 30, TimeUnit.SECONDS)) {
                answers.add(answer.get());
            }
            assertEquals(
                    2, answers.stream().filter(ErrorCode.PASSWORD_WRONG::equals).count());
            assertEquals(
                    1,
                    answers.stream()
                            .filter(ErrorCode.ACCOUNT_NOW_LOCKED::equals)
                            .count());
            assertEquals(
                    21,
                    answers.stream().filter(ErrorCode.ACCOUNT_LOCKED::equals).count());
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void writesForAnUnknownUserWhatItWritesForAWrongPassword() throws Exception {
        users.create("admin", key("secret"));
        refused("nobody-else", WRONG);
        Map<String, String> unknown = store.all("account-unknown");
        refused("nobody-else", WRONG);
        assertNotEquals(unknown, store.all("account-unknown"), "the database leaves equal writes out");
        refused("admin", WRONG);
        assertEquals(1, unknown.size());
        assertEquals(
                store.get(Users.AREA, "admin").orElseThrow().length(),
                unknown.values().iterator().next().length());
        for (int i = 0; i < 10; i++) {
            assertEquals(ErrorCode.USER_UNKNOWN, refused("user" + i, WRONG));
        }
        assertEquals(1, store.all("account-unknown").size(), "bounded");
        assertEquals(1, store.all(Users.AREA).size());
    }

    @Test
    void tellsMalformedKeysAndUnknownUsers() {
        users.create("admin", key("secret"));
        assertEquals(ErrorCode.PASSWORD_INVALID, refused("admin", ""));
        assertEquals(ErrorCode.PASSWORD_INVALID, refused("admin", "secret"));
        assertEquals(ErrorCode.PASSWORD_INVALID, refused("admin", "g".repeat(64)));
        assertEquals(ErrorCode.USER_UNKNOWN, refused("root", key("secret")));
        assertEquals(ErrorCode.USER_UNKNOWN, refused("x".repeat(5000), key("secret")));
        assertEquals(ErrorCode.USER_UNKNOWN, refused("", key("secret")));
    }

    @Test
    void refusesADamagedAccount() {
        store.put(Users.AREA, "admin", "{\"format\":1,\"algorithm\":\"argon2id\",\"memoryKib\":2147483647}");
        assertThrows(IllegalStateException.class, () -> users.login("admin", WRONG));
        store.put(Users.AREA, "admin", "{\"format\":");
        assertThrows(IllegalStateException.class, () -> users.login("admin", WRONG));
    }

    @Test
    void makesTheFirstUserFromAFileOnceOnly() throws Exception {
        Path file = directory.resolve("password");
        Files.writeString(file, "pass word\n");
        FirstUser.ensure(users, Optional.of(file), directory);
        users.login("admin", key("pass word"));
        Files.writeString(file, "another\n");
        FirstUser.ensure(users, Optional.of(file), directory);
        assertEquals(ErrorCode.PASSWORD_WRONG, refused("admin", key("another")));
    }

    @Test
    void makesNoUserWhenTheFileIsMissingOrEmpty() throws Exception {
        FirstUser.ensure(users, Optional.of(directory.resolve("absent")), directory);
        assertTrue(users.isEmpty());
        Path empty = Files.writeString(directory.resolve("empty"), "\n");
        FirstUser.ensure(users, Optional.of(empty), directory);
        assertTrue(users.isEmpty());
    }

    @Test
    void leavesARandomPasswordInAPrivateFile() throws Exception {
        FirstUser.ensure(users, Optional.empty(), directory);
        Path file = directory.resolve(FirstUser.GENERATED_FILE);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        users.login("admin", key(Files.readString(file).strip()));
    }

    @Test
    void namesTheKeyOfABadSetting() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Settings.of(" ", ""));
        assertTrue(e.getMessage().contains("database"), e.getMessage());
        assertEquals(Optional.empty(), Settings.of("/x/vrg.db", " ").adminPasswordFile());
        assertEquals(Path.of("/x"), Settings.of("/x/vrg.db", "").directory());
    }

    @Test
    void changesThePasswordAndEndsEverySessionOfThatUser() throws Exception {
        users.create("admin", key("secret"));
        users.create("other", key("secret"));
        String first = users.login("admin", key("secret"));
        String second = users.login("admin", key("secret"));
        String stranger = users.login("other", key("secret"));
        users.changePassword("admin", key("secret").toUpperCase(Locale.ROOT), key("a better one"));
        assertTrue(users.authenticate(first).isEmpty());
        assertTrue(users.authenticate(second).isEmpty());
        assertEquals(Optional.of("other"), users.authenticate(stranger));
        users = restarted();
        assertEquals(ErrorCode.PASSWORD_WRONG, refused("admin", key("secret")));
        users.login("admin", key("a better one"));
    }

    @Test
    void countsAWrongOldPasswordTowardsTheLock() throws Exception {
        users.create("admin", key("secret"));
        String token = users.login("admin", key("secret"));
        assertEquals(ErrorCode.PASSWORD_WRONG, unchanged(WRONG, key("new one")));
        assertEquals(ErrorCode.PASSWORD_WRONG, refused("admin", WRONG));
        assertEquals(ErrorCode.ACCOUNT_NOW_LOCKED, unchanged(WRONG, key("new one")));
        assertEquals(ErrorCode.ACCOUNT_LOCKED, unchanged(key("secret"), key("new one")));
        assertTrue(users.authenticate(token).isPresent(), "a lock ends no session");
        clock.advanceMillis(300_000);
        users.changePassword("admin", key("secret"), key("new one"));
        assertTrue(users.authenticate(token).isEmpty());
    }

    @Test
    void refusesNewPasswordsThatPolicyForbidsWithoutCounting() throws Exception {
        users.create("admin", key("secret"));
        for (String bad : List.of(
                "",
                "short",
                "g".repeat(64),
                "0".repeat(64),
                key("secret"),
                key("secret").toUpperCase(Locale.ROOT),
                key(""),
                key("admin"),
                key("Admin"),
                key("nimda"),
                key("Password"),
                key("123456"))) {
            assertEquals(ErrorCode.PASSWORD_INVALID, unchanged(key("secret"), bad), bad);
            assertEquals(ErrorCode.PASSWORD_INVALID, unchanged("x", key("a better one")));
        }
        assertEquals(ErrorCode.PASSWORD_WRONG, refused("admin", WRONG), "none of them was a wrong password");
        users.login("admin", key("secret"));
    }

    private ErrorCode unchanged(String oldKey, String newKey) {
        RequestException refusal =
                assertThrows(RequestException.class, () -> users.changePassword("admin", oldKey, newKey));
        assertFalse(refusal.english().contains(oldKey + newKey), refusal.english());
        return refusal.error();
    }

    private ErrorCode refused(String user, String key) {
        return assertThrows(RequestException.class, () -> users.login(user, key))
                .error();
    }

    private static String key(String password) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(password.getBytes(StandardCharsets.UTF_8)));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class SettableClock extends Clock {
        private volatile long millis = 1_700_000_000_000L;

        synchronized void advanceMillis(long step) {
            millis = millis + step;
        }

        @Override
        public long millis() {
            return millis;
        }

        @Override
        public Instant instant() {
            return Instant.ofEpochMilli(millis);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
