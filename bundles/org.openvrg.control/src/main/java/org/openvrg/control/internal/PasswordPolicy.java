package org.openvrg.control.internal;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;

/**
 * What can be told of a password when all that arrives is its SHA-256: neither length nor characters, but whether it is
 * one of a few that must not be. Refused are the present password, none at all, the user's name in any common spelling,
 * and the best known ones; and a key of one digit repeated, which no password has but a careless client sends.
 */
final class PasswordPolicy {
    private static final Pattern KEY = Pattern.compile("[0-9a-fA-F]{64}");
    private static final Pattern ONE_DIGIT = Pattern.compile("(.)\\1*");
    private static final Set<String> WELL_KNOWN_KEYS = Stream.of(
                    "",
                    " ",
                    "0",
                    "000000",
                    "111111",
                    "123123",
                    "1234",
                    "12345",
                    "123456",
                    "1234567",
                    "12345678",
                    "123456789",
                    "1234567890",
                    "abc123",
                    "admin",
                    "admin123",
                    "admin@123",
                    "changeme",
                    "letmein",
                    "password",
                    "password1",
                    "passw0rd",
                    "p@ssw0rd",
                    "qwerty",
                    "root",
                    "secret",
                    "vrg",
                    "welcome")
            .flatMap(PasswordPolicy::spellings)
            .map(PasswordPolicy::sha256)
            .collect(Collectors.toUnmodifiableSet());

    private PasswordPolicy() {}

    /** Whether a text has the form of a key. */
    static boolean isKey(String text) {
        return KEY.matcher(text).matches();
    }

    /**
     * Checks what stands in a request, before anything is hashed.
     *
     * @throws RequestException {@code PASSWORD_INVALID}; the message names the member and never holds a key
     */
    static void requireAcceptable(String user, String oldKey, String newKey) throws RequestException {
        requireKey("oldKey", oldKey);
        requireKey("newKey", newKey);
        String key = newKey.toLowerCase(Locale.ROOT);
        if (key.equals(oldKey.toLowerCase(Locale.ROOT))) {
            throw refused("is the present password; it has to be another one", "与当前密码相同,应使用不同的密码");
        }
        if (ONE_DIGIT.matcher(key).matches()) {
            throw refused("is no SHA-256 of a password", "不是密码的 SHA-256 值");
        }
        if (isGuessable(user, key)) {
            throw refused(
                    "is that of an empty, well-known or user-name password; choose one that nobody guesses",
                    "为空密码、常见密码或用户名,应使用不易猜测的密码");
        }
    }

    private static void requireKey(String member, String key) throws RequestException {
        if (!isKey(key)) {
            throw new RequestException(
                    ErrorCode.PASSWORD_INVALID,
                    member + " is not valid: it is the SHA-256 of a password in 64 hex digits",
                    member + " 不合法:应为密码的 SHA-256 值,64 位十六进制数字");
        }
    }

    private static boolean isGuessable(String user, String key) {
        return WELL_KNOWN_KEYS.contains(key)
                || Stream.of(user, new StringBuilder(user).reverse().toString())
                        .flatMap(PasswordPolicy::spellings)
                        .anyMatch(name -> key.equals(sha256(name)));
    }

    private static Stream<String> spellings(String word) {
        String lower = word.toLowerCase(Locale.ROOT);
        String capital = word.isEmpty() ? "" : lower.substring(0, 1).toUpperCase(Locale.ROOT) + lower.substring(1);
        return Stream.of(word, lower, capital, word.toUpperCase(Locale.ROOT));
    }

    private static RequestException refused(String english, String chinese) {
        return new RequestException(ErrorCode.PASSWORD_INVALID, "newKey " + english, "newKey " + chinese);
    }

    /** The key of a password: lower-case hex SHA-256. */
    static String sha256(String password) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(password.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
