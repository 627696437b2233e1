package org.openvrg.nbd;

/** Whether connections speak TLS 1.3, asked for with STARTTLS. */
public enum TlsMode {
    /** STARTTLS is refused by policy. */
    OFF,
    /** The client decides. */
    OPTIONAL,
    /** Nothing but STARTTLS and ABORT is answered before TLS. */
    REQUIRED
}
