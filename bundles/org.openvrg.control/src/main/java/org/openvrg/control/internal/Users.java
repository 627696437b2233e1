package org.openvrg.control.internal;

import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.SessionService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Users in the store and their sessions. Thread-safe.
 *
 * <p>Passwords are checked one at a time: this bounds the memory that Argon2id takes, and parallel guesses can't slip
 * past the limit of wrong ones. The count of wrong passwords and the lock stand in the store before the answer goes
 * out, so a restart resets neither. An unknown user costs as much time as a known one: the same hash, the same write.
 *
 * <p>A session is opened, and a password changed, while nothing else is checked: no login with an old password survives
 * the change of it.
 */
public class Users implements SessionService {
    /** Wrong passwords in a row that lock an account. */
    static final int MAX_FAILURES = 3;

    /** How long it stays locked. */
    static final Duration LOCK_TIME = Duration.ofMinutes(5);

    /** Area of the accounts in the store. */
    static final String AREA = "account";

    /** Most logins that wait for their turn; fewer than the web server has threads, so that others are served. */
    static final int MAX_WAITING = 16;

    private static final long MAX_WAIT_SECONDS = 10;
    private static final String NOBODY_AREA = "account-unknown";
    private static final String NOBODY = "nobody";
    private static final Pattern USER = Pattern.compile("[\\p{Graph}]{1,20}");
    private static final Logger LOG = LoggerFactory.getLogger(Users.class);

    private final ConfigStore store;
    private final Clock clock;
    private final PasswordHasher hasher;
    private final Sessions sessions;
    private final LockAlarms locks;
    private final PasswordHasher.Hash nobody;
    private final ReentrantLock checking = new ReentrantLock(true);
    /** Guarded by {@link #checking}. */
    private int nobodyFailures;

    /** Over the accounts of a store. */
    Users(ConfigStore store, Clock clock, LongSupplier nanoTime, PasswordHasher hasher, LockAlarms locks) {
        this.store = store;
        this.clock = clock;
        this.hasher = hasher;
        this.sessions = new Sessions(VALIDITY_MILLIS, nanoTime);
        this.nobody = hasher.hash("");
        this.locks = locks;
        store.all(AREA).forEach(this::tellLock);
    }

    private void tellLock(String user, String json) {
        try {
            locks.tell(user, Account.fromJson(user, json).lockedUntilMillis());
        } catch (IllegalStateException e) {
            LOG.error("nobody can log in as {}", user, e); // the others can
        }
    }

    @Override
    public String login(String user, String passwordHash) throws RequestException {
        if (!PasswordPolicy.isKey(passwordHash)) {
            throw new RequestException(
                    ErrorCode.PASSWORD_INVALID,
                    "X-Auth-Key is not valid: it is the SHA-256 of the password in 64 hex digits",
                    "X-Auth-Key 不合法:应为密码的 SHA-256 值,64 位十六进制数字");
        }
        awaitTurn();
        try {
            check(user, passwordHash.toLowerCase(Locale.ROOT));
            return sessions.open(user);
        } finally {
            checking.unlock();
        }
    }

    @Override
    public void changePassword(String user, String oldHash, String newHash) throws RequestException {
        PasswordPolicy.requireAcceptable(user, oldHash, newHash);
        awaitTurn();
        try {
            check(user, oldHash.toLowerCase(Locale.ROOT));
            save(user, Account.fresh(hasher.hash(newHash.toLowerCase(Locale.ROOT))));
            int ended = sessions.closeAll(user);
            LOG.info("user {} has a new password; its {} sessions ended", user, ended);
        } finally {
            checking.unlock();
        }
    }

    private void awaitTurn() throws RequestException {
        try {
            if (checking.getQueueLength() >= MAX_WAITING || !checking.tryLock(MAX_WAIT_SECONDS, TimeUnit.SECONDS)) {
                throw busy();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw busy();
        }
    }

    @Override
    public Optional<String> authenticate(String token) {
        return sessions.use(token);
    }

    @Override
    public boolean logout(String token) {
        return sessions.close(token);
    }

    /** Whether there is anyone who could log in. */
    boolean isEmpty() {
        return store.all(AREA).isEmpty();
    }

    /** Makes a user, or gives it a new password and no lock. */
    void create(String user, String keyHex) {
        if (!USER.matcher(user).matches() || !PasswordPolicy.isKey(keyHex)) {
            throw new IllegalArgumentException("a user has 1 to 20 characters and a key of 64 hex digits");
        }
        save(user, Account.fresh(hasher.hash(keyHex.toLowerCase(Locale.ROOT))));
    }

    private void check(String user, String key) throws RequestException {
        Optional<Account> known = USER.matcher(user).matches()
                ? store.get(AREA, user).map(json -> Account.fromJson(user, json))
                : Optional.empty();
        if (known.isEmpty()) {
            hasher.matches(nobody, key);
            // What a wrong password costs: a write of as many bytes. They differ from those before, as the database
            // leaves a write out that changes nothing.
            nobodyFailures = nobodyFailures % (MAX_FAILURES - 1) + 1;
            store.put(
                    NOBODY_AREA,
                    NOBODY,
                    Account.fresh(nobody).withFailures(nobodyFailures).toJson());
            throw new RequestException(ErrorCode.USER_UNKNOWN, "the user does not exist", "用户不存在");
        }
        Account account = known.get();
        long now = clock.millis();
        long lockMillis = account.lockedUntilMillis() - now;
        // A lock longer than we ever set means that the wall clock was put back: it must not lock out for years.
        if (lockMillis > 0 && lockMillis <= LOCK_TIME.toMillis()) {
            long seconds = (lockMillis + 999) / 1000;
            throw new RequestException(
                    ErrorCode.ACCOUNT_LOCKED,
                    "the account is locked; try again in " + seconds + " s",
                    "用户账户被锁定,请在 " + seconds + " 秒后重试");
        }
        if (hasher.matches(account.password(), key)) {
            if (account.failures() != 0 || account.lockedUntilMillis() != 0) {
                save(user, Account.fresh(account.password()));
            }
            return;
        }
        refuse(user, account, now);
    }

    private void refuse(String user, Account account, long now) throws RequestException {
        int failures = account.failures() + 1;
        if (failures < MAX_FAILURES) {
            save(user, account.withFailures(failures));
            int left = MAX_FAILURES - failures;
            throw new RequestException(
                    ErrorCode.PASSWORD_WRONG,
                    "the password is wrong; " + left + " more before the account is locked",
                    "用户密码错误,再错 " + left + " 次帐户将被锁定");
        }
        save(user, account.lockedUntil(now + LOCK_TIME.toMillis()));
        LOG.warn("user {} is locked for {} minutes after {} wrong passwords", user, LOCK_TIME.toMinutes(), failures);
        throw new RequestException(
                ErrorCode.ACCOUNT_NOW_LOCKED,
                "the password was wrong 3 times in a row; the account is locked for 5 minutes",
                "用户密码连续 3 次输入错误,帐户锁定 5 分钟");
    }

    private void save(String user, Account account) {
        store.put(AREA, user, account.toJson());
        locks.tell(user, account.lockedUntilMillis());
    }

    private static RequestException busy() {
        return new RequestException(ErrorCode.UNAVAILABLE, "too many logins at once; try again", "同时登录的请求过多,请稍后重试");
    }
}
