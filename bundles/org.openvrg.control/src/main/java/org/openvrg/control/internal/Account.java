package org.openvrg.control.internal;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * A user, as it stands in the store.
 *
 * @param password salted hash of the transmitted key
 * @param failures wrong passwords in a row
 * @param lockedUntilMillis wall clock until which nobody logs in, 0 when not locked
 */
record Account(PasswordHasher.Hash password, int failures, long lockedUntilMillis) {
    private static final int FORMAT = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A user with no wrong password to its name. */
    static Account fresh(PasswordHasher.Hash password) {
        return new Account(password, 0, 0);
    }

    Account withFailures(int count) {
        return new Account(password, count, 0);
    }

    Account lockedUntil(long epochMillis) {
        return new Account(password, 0, epochMillis);
    }

    String toJson() {
        PasswordHasher.Cost cost = password.cost();
        Stored stored = new Stored(
                FORMAT,
                "argon2id",
                cost.memoryKib(),
                cost.iterations(),
                cost.lanes(),
                password.saltHex(),
                password.hashHex(),
                failures,
                lockedUntilMillis);
        try {
            return JSON.writeValueAsString(stored);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an account can't be written as JSON", e);
        }
    }

    /**
     * Reads the stored form.
     *
     * @throws IllegalStateException when it is damaged or of a newer format
     */
    static Account fromJson(String user, String json) {
        try {
            Stored stored = JSON.readValue(json, Stored.class);
            if (stored.format() != FORMAT || !"argon2id".equals(stored.algorithm())) {
                throw new IllegalStateException(
                        "the account of " + user + " has format " + stored.format() + ", this release knows " + FORMAT);
            }
            PasswordHasher.Cost cost = new PasswordHasher.Cost(stored.memoryKib(), stored.iterations(), stored.lanes());
            return new Account(
                    new PasswordHasher.Hash(cost, stored.salt(), stored.hash()),
                    stored.failures(),
                    stored.lockedUntilMillis());
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new IllegalStateException("the stored account of " + user + " can't be read", e);
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    private record Stored(
            int format,
            String algorithm,
            int memoryKib,
            int iterations,
            int lanes,
            String salt,
            String hash,
            int failures,
            long lockedUntilMillis) {}
}
