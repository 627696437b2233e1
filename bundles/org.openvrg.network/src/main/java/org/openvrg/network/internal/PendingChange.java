package org.openvrg.network.internal;

/**
 * A change of the management network that has begun and is not settled. Immutable; its JSON is what stands on disk.
 *
 * @param phase how far it has come
 * @param device interface
 * @param bootId boot of the machine in which it was begun; the kernel has forgotten it in any other
 * @param deadlineMillis when it goes back unless it is confirmed, in milliseconds since that boot
 * @param ip the new address
 * @param before addresses and routes as they were
 * @param target addresses and routes as they shall be
 */
record PendingChange(
        Phase phase, String device, String bootId, long deadlineMillis, String ip, Snapshot before, Snapshot target) {
    /** How far a change has come. */
    enum Phase {
        /** It may be made, by half, or not at all. */
        PREPARED,
        /** It is made and waits for a call. */
        APPLIED,
        /** The call came; what is left is to keep it for the next boot. */
        CONFIRMED
    }

    /** The same, one step further. */
    PendingChange at(Phase next, long deadline) {
        return new PendingChange(next, device, bootId, deadline, ip, before, target);
    }
}
