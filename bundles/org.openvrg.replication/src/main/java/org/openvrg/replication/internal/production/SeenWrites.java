package org.openvrg.replication.internal.production;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.UnseenWrites;
import org.openvrg.replication.internal.machine.Event;

/**
 * Which of a VM's disks have their writes mirrored into their exports right now. The VM is captured only while all have.
 * Confined to the VM's actor, but for {@link #mark} and {@link #missing}.
 */
final class SeenWrites {
    /** Disks that are not mirrored now, with the reason. */
    private final Map<VolumeId, String> unseen = new HashMap<>();

    private final Set<VolumeId> toCompare = new HashSet<>();

    private volatile String missing = "";

    /** Of the mirrored disks among these, none has begun. */
    SeenWrites(List<ProtectedVolume> volumes) {
        for (ProtectedVolume volume : volumes) {
            if (!volume.inline) {
                unseen.put(volume.id, "the hypervisor does not mirror it yet");
            }
        }
        tell();
    }

    /** Marks what passed the export of a volume by. Only while writes mark, too. */
    static void mark(ProtectedVolume volume, UnseenWrites writes) {
        if (!writes.known()) {
            volume.dirty.markAll();
            return;
        }
        for (UnseenWrites.Range range : writes.ranges()) {
            if (range.offsetBytes() < volume.sizeBytes()) {
                long length = Math.min(range.lengthBytes(), volume.sizeBytes() - range.offsetBytes());
                volume.dirty.mark(range.offsetBytes(), length);
            }
        }
    }

    /** The writes of a volume are seen from here on, with what passed by marked; what the machine is told. */
    List<Event> begin(VolumeId volume, boolean known) {
        boolean again = !unseen.containsKey(volume);
        unseen.remove(volume);
        if (!known) {
            toCompare.add(volume);
        }
        tell();
        if (!unseen.isEmpty()) {
            return again ? List.of(new Event.WritesUnseen("a disk is mirrored anew")) : List.of();
        }
        Event seen = new Event.WritesSeen(!toCompare.isEmpty());
        toCompare.clear();
        return again ? List.of(new Event.WritesUnseen("a disk is mirrored anew"), seen) : List.of(seen);
    }

    /** The writes of a volume are not seen any more; what the machine is told. */
    List<Event> end(VolumeId volume, String reason) {
        unseen.put(volume, reason);
        tell();
        return List.of(new Event.WritesUnseen("writes to volume " + volume + " are not mirrored: " + reason));
    }

    private void tell() {
        missing = unseen.entrySet().stream()
                .map(entry -> "volume " + entry.getKey() + ": " + entry.getValue())
                .sorted()
                .reduce((left, right) -> left + "; " + right)
                .orElse("");
    }

    /** Which disks are not mirrored, and why; empty when all are. Any thread. */
    String missing() {
        return missing;
    }
}
