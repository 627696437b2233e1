package org.openvrg.qemu.qmp;

/**
 * Is told what a monitor says by itself. The calls come on the connection's reader thread, one after the other and in
 * the order of the monitor; they must return at once and must not execute commands.
 */
public interface QmpListener {
    /** A listener that wants to hear nothing. */
    QmpListener NONE = new QmpListener() {};

    /** An event came. */
    default void event(QmpEvent event) {}

    /** The connection ended, by whichever side; comes once, and nothing after it. */
    default void closed(String reason) {}
}
