package org.openvrg.replication.internal.standby;

import java.util.concurrent.atomic.AtomicLong;
import org.openvrg.journal.Journal;
import org.openvrg.simulator.Peek;

/** What the judge looks at in a VM at the DR side. */
public final class StandbyView {
    private final StandbyVm vm;
    private final StandbyJournal store;
    private final Applier applier;

    /** Of a VM. */
    public StandbyView(StandbyVm vm) {
        this.vm = vm;
        this.store = Peek.at(vm, "store", StandbyJournal.class);
        this.applier = Peek.at(vm, "applier", Applier.class);
    }

    /** Which object it is: another one after a restart. */
    public Object identity() {
        return vm;
    }

    /** Its journal. */
    public Journal journal() {
        return store.journal();
    }

    /** Whether it claims that the volumes, as they are, are one moment of the VM. */
    public boolean consistent() {
        return store.state().consistent();
    }

    /** Whether it will claim that once it is told that an entry which it has was applied. */
    public boolean nearlyConsistent() {
        return store.state().endIndex() > 0;
    }

    /** Newest entry that may be applied while a resync is held back, 0 when all may. */
    public long holdIndex() {
        return store.state().holdIndex();
    }

    /** Generation of its ownership. */
    public long generation() {
        return store.state().generation();
    }

    /** Newest epoch of the stream that it has seen. */
    public long epoch() {
        return store.state().epoch();
    }

    /** Newest entry that the agent has told to stand on the volumes. */
    public long appliedIndex() {
        return applier.appliedIndex();
    }

    /** Whether the agent has told of all volumes that they are open. */
    public boolean agentReady() {
        return applier.ready();
    }

    /** Bytes that wait for the actor. */
    public long queuedBytes() {
        return Peek.at(vm, "queuedBytes", AtomicLong.class).get();
    }

    /** Bytes that were sent to the agent and not applied. */
    public long inFlightBytes() {
        return Peek.at(applier, "inFlightBytes", Long.class);
    }
}
