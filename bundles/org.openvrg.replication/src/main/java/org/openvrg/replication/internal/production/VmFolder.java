package org.openvrg.replication.internal.production;

import java.nio.file.Path;
import java.util.UUID;

/**
 * Where a VM's files are.
 *
 * @param kept on the gateway's disk: what has to survive a power loss
 * @param live in the machine's memory: what has to survive a kill, and is written with every write of the guest. A page
 *     of a mapped file on a disk that does not answer would stop the guest, and with it the whole gateway
 */
public record VmFolder(Path kept, Path live) {
    /** The folders of a VM, which need not exist. */
    public static VmFolder of(ProductionSettings settings, UUID vmUuid) {
        return of(settings, vmUuid.toString());
    }

    static VmFolder of(ProductionSettings settings, String name) {
        return new VmFolder(
                settings.directory().resolve(name), settings.liveDirectory().resolve(name));
    }
}
