package org.openvrg.replication.internal.engine;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.openvrg.api.service.AlarmService;

/** Remembers what is raised, what was ever raised, and what was cleared or confirmed. */
final class TestAlarms implements AlarmService {
    private final Map<String, String> raised = new TreeMap<>();
    private final List<String> history = new ArrayList<>();
    private final Set<String> told = new HashSet<>();
    private final Set<Kind> raisedKinds;
    private final Set<Kind> standingKinds;

    /**
     * Tells the kinds to others, too.
     *
     * @param raisedKinds those that were ever raised
     * @param standingKinds those that are raised
     */
    TestAlarms(Set<Kind> raisedKinds, Set<Kind> standingKinds) {
        this.raisedKinds = raisedKinds;
        this.standingKinds = standingKinds;
    }

    @Override
    public synchronized void raise(Kind kind, String subject, String text) {
        told.add(key(kind, subject));
        raisedKinds.add(kind);
        standingKinds.add(kind);
        if (raised.put(key(kind, subject), text) == null) {
            history.add(key(kind, subject));
        }
    }

    @Override
    public synchronized void clear(Kind kind, String subject) {
        told.add(key(kind, subject));
        raised.remove(key(kind, subject));
        standingKinds.remove(kind);
    }

    @Override
    public synchronized void confirm(Kind kind, String subject) {
        told.add(key(kind, subject));
    }

    private static String key(Kind kind, String subject) {
        return kind + " " + subject.replace(TestPair.VM.toString(), "vm");
    }

    /** Kind, a space and subject of what is raised; the VM of the pair is called vm. */
    synchronized Set<String> raised() {
        return Set.copyOf(raised.keySet());
    }

    /** The same of all that was raised anew, in that order. */
    synchronized List<String> history() {
        return List.copyOf(history);
    }

    /** Whether anything was said about it since {@link #forget}. */
    synchronized boolean told(String alarm) {
        return told.contains(alarm);
    }

    /** As after a restart of the alarms. */
    synchronized void forget() {
        told.clear();
    }
}
