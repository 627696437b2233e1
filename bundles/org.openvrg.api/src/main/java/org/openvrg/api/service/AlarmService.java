package org.openvrg.api.service;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Takes alarms; thread-safe, never blocks, never throws. Raising what is raised and clearing what is not are fine: who
 * sees a condition may tell it as often as it looks.
 *
 * <p>Raised alarms outlive a restart. One that nobody raises, clears or confirms for a while after the start is cleared,
 * since its cause may have ended meanwhile. So whoever raises tells after each start of its own, for each condition that
 * it knows, whether it holds.
 *
 * <p>The subject is a VM's UUID, a VM's UUID and a volume's with a slash between them, or any other name.
 */
@ProviderType
public interface AlarmService {
    /** How bad it is. */
    enum Severity {
        /** Something that VRG promises does not hold. */
        CRITICAL,
        /** It is at risk, and will not get better by itself. */
        MAJOR,
        /** It is at risk if nothing changes. */
        MINOR,
        /** Somebody should have a look. */
        WARNING
    }

    /** Kinds of alarm. */
    enum Kind {
        /** The link to the peer is down. */
        LINK_DOWN(1, Severity.MAJOR),
        /** The peer's certificate is not the pinned one. */
        PEER_CERTIFICATE_CHANGED(2, Severity.CRITICAL),
        /** A VM fell back to changed-block tracking. */
        VM_FELL_TO_CBT(3, Severity.MAJOR),
        /** A journal is nearly full. */
        JOURNAL_NEARLY_FULL(4, Severity.MINOR),
        /** A journal is full. */
        JOURNAL_FULL(5, Severity.MAJOR),
        /** A journal failed or is damaged. */
        JOURNAL_FAILED(6, Severity.CRITICAL),
        /** Writes of a protected VM can't be captured. */
        CAPTURE_LOST(7, Severity.CRITICAL),
        /** A VM lost its writeagent. */
        AGENT_LOST(8, Severity.MAJOR),
        /** A standby volume can't be used. */
        VOLUME_ERROR(9, Severity.MAJOR),
        /** The scrub found blocks that differ from their standby. */
        SCRUB_DIFFERENCE(14, Severity.MAJOR),
        /** There is no consistent copy of a VM at the DR side. */
        NO_CONSISTENT_COPY(10, Severity.CRITICAL),
        /** A stored strategy can't be read, or the engine refuses it; its VM is not protected. */
        STRATEGY_REFUSED(11, Severity.CRITICAL),
        /** A user account is locked after wrong passwords; the subject is the user. */
        ACCOUNT_LOCKED(12, Severity.WARNING),
        /** A certificate of this gateway expires soon, or has expired. */
        CERTIFICATE_EXPIRY(13, Severity.MINOR);

        private final int number;
        private final Severity severity;

        Kind(int number, Severity severity) {
            this.number = number;
            this.severity = severity;
        }

        /** Number in the SNMP notifications, see VRG-MIB; never given to another kind. */
        public int number() {
            return number;
        }

        /** How bad it is. */
        public Severity severity() {
            return severity;
        }
    }

    /**
     * Raises an alarm. Where it is raised already only the text changes.
     *
     * @param subject what it is about, for example a VM's UUID
     * @param text English, for operators
     */
    void raise(Kind kind, String subject, String text);

    /** Clears an alarm. */
    void clear(Kind kind, String subject);

    /**
     * Says that an alarm still stands if it is raised, and raises none: for who can't tell after a restart whether it
     * was, but knows that its cause has not ended.
     */
    default void confirm(Kind kind, String subject) {
        // nothing to be kept where alarms do not outlive a restart
    }
}
