package org.openvrg.platform.kvm.internal;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.UUID;

/** The VMs that somebody asked for; beyond a limit those that nobody has asked for the longest are forgotten. Thread-safe. */
final class Wanted {
    private static final int MAX_VMS = 10_000;

    private final Set<UUID> vms = new LinkedHashSet<>();

    /** Somebody asks for a VM; whether that is for the first time. */
    synchronized boolean note(UUID vm) {
        boolean first = !vms.remove(vm);
        vms.add(vm);
        if (vms.size() > MAX_VMS) {
            vms.remove(vms.iterator().next());
        }
        return first;
    }

    /** Whether somebody asked for a VM. */
    synchronized boolean has(UUID vm) {
        return vms.contains(vm);
    }
}
