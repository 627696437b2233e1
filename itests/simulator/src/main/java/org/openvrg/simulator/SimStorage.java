package org.openvrg.simulator;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;

/** The standby volumes of the DR host with their owners, which are kept beside them. */
final class SimStorage {
    private final Map<String, Disk> disks = new HashMap<>();

    private static final class Disk {
        final Cells cells;
        Optional<Ownership> owner = Optional.empty();
        Optional<SimVolume> open = Optional.empty();
        Optional<SimProcess> openedBy = Optional.empty();
        boolean taken;

        Disk(Cells cells) {
            this.cells = cells;
        }
    }

    void add(String url, Cells cells) {
        disks.put(url, new Disk(cells));
    }

    /** Whether nobody owns a volume. */
    boolean isFree() {
        return disks.values().stream().allMatch(disk -> disk.owner.isEmpty());
    }

    /** An empty volume without an owner takes the place of one that nobody has open. */
    void lose(String url) {
        disks.get(url).cells.lose();
        disks.get(url).owner = Optional.empty();
    }

    /** Somebody else uses the volumes now: not one byte more may come from us. */
    void take() {
        disks.values().forEach(disk -> disk.taken = true);
    }

    /** The provider as one process has it. */
    StorageProvider provider(SimProcess process) {
        return (spec, owner) -> open(process, spec, owner);
    }

    private StorageVolume open(SimProcess process, VolumeSpec spec, Ownership owner) throws StorageException {
        Disk disk = Optional.ofNullable(disks.get(spec.volumeUrl()))
                .orElseThrow(() -> new StorageException(Kind.PATH_WRONG, "no such volume"));
        if (disk.taken || (disk.owner.isPresent() && !owner.mayReplace(disk.owner.get()))) {
            throw new StorageException(Kind.OWNED_BY_OTHER, "owned by another one");
        }
        if (disk.openedBy.filter(SimProcess::alive).isPresent()
                && disk.open.isPresent()
                && !disk.open.get().isClosed()) {
            throw new StorageException(Kind.OWNED_BY_OTHER, "open already");
        }
        boolean newlyOwned = disk.owner.isEmpty();
        disk.owner = Optional.of(owner);
        disk.openedBy = Optional.of(process);
        SimVolume volume = new SimVolume(
                process,
                disk.cells,
                () -> !disk.taken && disk.owner.equals(Optional.of(owner)),
                newlyOwned,
                () -> disk.owner = Optional.empty());
        disk.open = Optional.of(volume);
        return volume;
    }
}
