package org.openvrg.api.service;

import java.util.Optional;
import org.openvrg.api.failure.RequestException;
import org.osgi.annotation.versioning.ProviderType;

/** Users and their sessions; thread-safe. */
@ProviderType
public interface SessionService {
    /** How long a session lives after its last use, in milliseconds. */
    long VALIDITY_MILLIS = 600_000;

    /**
     * Logs in.
     *
     * @param user name
     * @param passwordHash SHA-256 of the password in hex, either case
     * @return the token of the session
     * @throws RequestException {@code PASSWORD_INVALID}, {@code USER_UNKNOWN}, {@code PASSWORD_WRONG},
     *     {@code ACCOUNT_NOW_LOCKED}, {@code ACCOUNT_LOCKED}
     */
    String login(String user, String passwordHash) throws RequestException;

    /** The user of a live session, whose time starts anew; empty when there is no such session. */
    Optional<String> authenticate(String token);

    /** Ends a session; false when there is none. */
    boolean logout(String token);

    /**
     * Gives a user a new password and ends all its sessions. A wrong old password counts towards the lock of the
     * account as one at login does, so that a session in the wrong hands can't be used to guess it.
     *
     * @param user name, of a live session
     * @param oldHash SHA-256 of the present password in hex, either case
     * @param newHash SHA-256 of the new one
     * @throws RequestException {@code PASSWORD_INVALID} when one of them is malformed or policy refuses the new one;
     *     {@code USER_UNKNOWN}, {@code PASSWORD_WRONG}, {@code ACCOUNT_NOW_LOCKED}, {@code ACCOUNT_LOCKED} as at login
     */
    void changePassword(String user, String oldHash, String newHash) throws RequestException;
}
