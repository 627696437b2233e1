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
}
