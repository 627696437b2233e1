package org.openvrg.qemu.qmp;

import java.util.Optional;

/** A command was not carried out, or nobody knows whether it was. */
public final class QmpException extends Exception {
    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final String errorClass;

    /** What went wrong. */
    public enum Kind {
        /** The monitor can't be reached, or the connection ended before the answer. */
        CONNECTION,
        /** No answer in time: the command may still be carried out. */
        TIMEOUT,
        /** What the other end says is not QMP; the connection was closed. */
        PROTOCOL,
        /** The monitor answered with an error. */
        REFUSED
    }

    private QmpException(Kind kind, String errorClass, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.errorClass = errorClass;
    }

    /** Not an answer of the monitor. */
    QmpException(Kind kind, String message) {
        this(kind, "", message, null);
    }

    /** With a cause. */
    QmpException(Kind kind, String message, Throwable cause) {
        this(kind, "", message, cause);
    }

    /** The monitor's answer to a command. */
    static QmpException refused(String command, String errorClass, String description) {
        return new QmpException(Kind.REFUSED, errorClass, command + " was refused: " + description, null);
    }

    /** What went wrong. */
    public Kind kind() {
        return kind;
    }

    /** The monitor's class of a {@link Kind#REFUSED} error, for example {@code CommandNotFound}. */
    public Optional<String> errorClass() {
        return errorClass.isEmpty() ? Optional.empty() : Optional.of(errorClass);
    }
}
