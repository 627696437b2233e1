package org.openvrg.replication.internal.engine;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.ExportCatalog;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.production.InlineExport;
import org.openvrg.replication.internal.production.VmFolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The exports of all volumes that inline platforms back. A volume that was protected when the gateway went down is not
 * exported before its VM stands again, so that no write slips past the journal. Thread-safe; changes are made by the
 * engine's thread.
 */
final class InlineExports implements ExportCatalog {
    private static final Logger LOG = LoggerFactory.getLogger(InlineExports.class);
    private static final UUID NO_VM = new UUID(0, 0);

    private final Workers workers;
    private final Map<VolumeId, InlineExport> exports = new ConcurrentHashMap<>();
    private final Set<VolumeId> open = ConcurrentHashMap.newKeySet();
    private final Map<VolumeId, VmFolder> remembered;
    private final Predicate<VolumeId> claimed;
    private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();

    /**
     * With nothing exported.
     *
     * @param remembered volumes that VMs protected before this start, with the VM's folders
     * @param claimed whether a volume belongs to a VM now: it is not exported before that VM stands
     */
    InlineExports(Workers workers, Map<VolumeId, VmFolder> remembered, Predicate<VolumeId> claimed) {
        this.claimed = claimed;
        this.workers = workers;
        this.remembered = new ConcurrentHashMap<>(remembered);
    }

    /** Makes the exports agree with what the platforms have now. */
    void refresh(List<InlinePlatform> platforms) {
        Map<VolumeId, InlinePlatform> present = new TreeMap<>();
        for (InlinePlatform platform : platforms) {
            for (VolumeId volume : platform.volumes()) {
                present.putIfAbsent(volume, platform);
            }
        }
        for (VolumeId gone : new HashSet<>(exports.keySet())) {
            if (!present.containsKey(gone)) {
                remove(gone);
            }
        }
        present.forEach((volume, platform) -> {
            if (!exports.containsKey(volume)) {
                add(volume, platform);
            }
        });
    }

    private void add(VolumeId volume, InlinePlatform platform) {
        try {
            InlineExport export =
                    new InlineExport(volume, platform.open(new DiskRef(NO_VM, volume, OptionalInt.empty())), workers);
            exports.put(volume, export);
            if (!remembered.containsKey(volume) && !claimed.test(volume)) {
                export.releaseDirect();
                open.add(volume);
            }
            LOG.info("Volume {} is exported, {} bytes", volume, export.sizeBytes());
        } catch (StorageException e) {
            LOG.warn("Volume {} can't be exported: {}", volume, e.getMessage());
        }
    }

    private void remove(VolumeId volume) {
        InlineExport export = exports.remove(volume);
        open.remove(volume);
        if (export == null) {
            return;
        }
        listeners.forEach(listener -> listener.accept(volume.value()));
        try {
            export.close();
            LOG.info("Volume {} is not exported any more", volume);
        } catch (StorageException e) {
            LOG.warn("The export of volume {} does not close: {}", volume, e.getMessage());
        }
    }

    /** The export of a volume, whether clients see it or not. */
    Optional<InlineExport> of(VolumeId volume) {
        return Optional.ofNullable(exports.get(volume));
    }

    /** Whether clients see the export. */
    boolean isShown(VolumeId volume) {
        return open.contains(volume);
    }

    /** Clients see the export: its writes have somewhere to go. */
    void show(VolumeId volume) {
        remembered.remove(volume);
        open.add(volume);
    }

    /** Lets a volume be written without its VM, whose files are not trusted after the first write. */
    void showDirect(VolumeId volume) {
        VmFolder folder = remembered.remove(volume);
        InlineExport export = exports.get(volume);
        if (export != null && folder != null) {
            export.releaseDirect(folder);
        } else if (export != null) {
            export.releaseDirect();
        }
        open.add(volume);
    }

    /** Volumes that wait for a VM that was not applied since the start. */
    List<VolumeId> waiting() {
        return new ArrayList<>(remembered.keySet());
    }

    @Override
    public Optional<BlockExport> find(String name) {
        if (!VolumeId.isValid(name)) {
            return Optional.empty();
        }
        VolumeId volume = new VolumeId(name);
        return open.contains(volume) ? Optional.ofNullable(exports.get(volume)) : Optional.empty();
    }

    @Override
    public List<String> names() {
        return open.stream()
                .filter(exports::containsKey)
                .sorted()
                .map(VolumeId::value)
                .toList();
    }

    @Override
    public AutoCloseable onRemoved(Consumer<String> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    void close() {
        new HashSet<>(exports.keySet()).forEach(this::remove);
    }
}
