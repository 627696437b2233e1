package org.openvrg.api.service;

import org.osgi.annotation.versioning.ProviderType;

/** Takes alarms; thread-safe, never blocks, never throws. Raising what is raised and clearing what is not are fine. */
@ProviderType
public interface AlarmService {
    /** Kinds of alarm. */
    enum Kind {
        /** The link to the peer is down. */
        LINK_DOWN,
        /** The peer's certificate is not the pinned one. */
        PEER_CERTIFICATE_CHANGED,
        /** A VM fell back to changed-block tracking. */
        VM_FELL_TO_CBT,
        /** A journal is full. */
        JOURNAL_FULL,
        /** A journal failed or is damaged. */
        JOURNAL_FAILED,
        /** A VM lost its writeagent. */
        AGENT_LOST,
        /** A standby volume can't be used. */
        VOLUME_ERROR,
        /** The scrub found blocks that differ from their standby. */
        SCRUB_DIFFERENCE,
        /** There is no consistent copy of a VM at the DR side. */
        NO_CONSISTENT_COPY,
        /** A stored strategy can't be read, or the engine refuses it; its VM is not protected. */
        STRATEGY_REFUSED
    }

    /**
     * Raises an alarm.
     *
     * @param subject what it is about, for example a VM's UUID
     * @param text English, for operators
     */
    void raise(Kind kind, String subject, String text);

    /** Clears an alarm. */
    void clear(Kind kind, String subject);
}
