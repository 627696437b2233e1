package org.openvrg.replication.internal.production;

import java.util.Collection;
import java.util.Map;
import org.openvrg.api.model.VolumeId;
import org.openvrg.journal.Journal;
import org.openvrg.replication.internal.machine.ProductionMachine;
import org.openvrg.simulator.Peek;

/** What the judge looks at in a VM at the production side. */
public final class ProductionView {
    private final ProductionVm vm;
    private final VmFiles files;

    /** Of a VM. */
    public ProductionView(ProductionVm vm) {
        this.vm = vm;
        this.files = Peek.at(vm, "files", VmFiles.class);
    }

    /** Which object it is: another one after the VM was put together anew. */
    public Object identity() {
        return vm;
    }

    /** Its journal. */
    public Journal journal() {
        return files.journal();
    }

    /** Whether writes go to the journal. */
    public boolean capturing() {
        return vm.ingest().capturing();
    }

    /** Whether the disk did not take the mode of the VM, so that a power loss finds an older one. */
    public boolean modeLost() {
        return Peek.at(files.mode(), "diskFailed", Boolean.class);
    }

    /** Where the state machine is. */
    public String phase() {
        return Peek.at(vm, "machine", ProductionMachine.class).phase().toString();
    }

    /** Oldest record that it still has. */
    public long firstSequence() {
        return files.firstSequence();
    }

    /** Index of a record in the journal. */
    public long indexOf(long sequence) {
        return files.indexOf(sequence);
    }

    private ProtectedVolume volume(VolumeId id) {
        return files.volumes().stream()
                .filter(volume -> volume.id.equals(id))
                .findFirst()
                .orElseThrow();
    }

    /** Whether the block of a byte is marked. */
    public boolean isDirty(VolumeId id, long offsetBytes) {
        return volume(id).dirty.isDirty(offsetBytes / VmFiles.BLOCK_BYTES);
    }

    /** Whether the extent of a byte is in the activity log. */
    public boolean isActive(VolumeId id, long offsetBytes) {
        ProtectedVolume volume = volume(id);
        return volume.activity.extents().get((int) (offsetBytes / volume.activity.extentBytes()));
    }

    /** Writes that wait in the ingest. */
    public int queuedWrites() {
        return Peek.at(vm.ingest(), "queue", Collection.class).size();
    }

    /** Frames of blocks that are sent and not durable. */
    public int framesUnderWay() {
        ResyncCopier copier = Peek.at(vm, "copier", ResyncCopier.class);
        return Peek.at(copier, "frames", Map.class).size();
    }
}
