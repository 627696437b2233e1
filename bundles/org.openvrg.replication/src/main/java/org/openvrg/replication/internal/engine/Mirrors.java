package org.openvrg.replication.internal.engine;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.ExportCatalog;
import org.openvrg.api.block.ExportServer;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.MirrorPlatform;
import org.openvrg.api.platform.UnseenWrites;
import org.openvrg.replication.internal.production.MirrorExport;
import org.openvrg.replication.internal.production.MirroredDisks;
import org.openvrg.replication.internal.production.ProductionVm;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disks that hypervisors mirror, with their exports and captures. An export is shown as long as its VM stands.
 * Changes are made by the engine's thread, reads by any.
 */
final class Mirrors implements ExportCatalog {
    private static final Logger LOG = LoggerFactory.getLogger(Mirrors.class);

    private final Platforms platforms;
    private final Supplier<Optional<ExportServer>> server;
    private final Consumer<UUID> anew;
    private final Map<VolumeId, Mirrored> byVolume = new ConcurrentHashMap<>();
    private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();

    /** A disk of a VM that stands. */
    private static final class Mirrored {
        final MirroredDisks disks;
        volatile MirrorExport export;
        Optional<Running> running = Optional.empty();

        Mirrored(MirroredDisks disks, MirrorExport export) {
            this.disks = disks;
            this.export = export;
        }
    }

    private record Running(MirrorPlatform platform, MirrorPlatform.Capture capture, Listener listener) {}

    /**
     * With nothing mirrored.
     *
     * @param server where hypervisors reach the exports, once that is so
     * @param anew told the VM that has to be put together anew because a disk of it is another one now; any thread
     */
    Mirrors(Platforms platforms, Supplier<Optional<ExportServer>> server, Consumer<UUID> anew) {
        this.platforms = platforms;
        this.server = server;
        this.anew = anew;
    }

    /** Shows the exports of a VM that was put together. */
    void stands(ProductionVm vm) {
        for (MirrorExport export : vm.mirrored().exports()) {
            byVolume.put(export.id(), new Mirrored(vm.mirrored(), export));
        }
    }

    /** Ends what connections there are to an export; the next mirror has one of its own. */
    private void fence(VolumeId volume) {
        Mirrored mirrored = byVolume.get(volume);
        if (mirrored != null) {
            mirrored.export.fence();
            mirrored.export = mirrored.disks.export(volume);
            listeners.forEach(listener -> listener.accept(volume.value()));
        }
    }

    /** Whether a volume is mirrored, be it live or not. */
    boolean has(VolumeId volume) {
        return byVolume.containsKey(volume);
    }

    /** Starts the captures of a VM that do not run, and leaves those whose platform is gone. */
    void refresh(VmStrategy.Production strategy) {
        for (ProductionDisk disk : strategy.disks()) {
            Mirrored mirrored = byVolume.get(disk.volume());
            if (mirrored != null) {
                refresh(mirrored, new DiskRef(strategy.vmUuid(), disk.volume(), disk.slot()));
            }
        }
    }

    private void refresh(Mirrored mirrored, DiskRef disk) {
        if (mirrored.running.isPresent()
                && platforms.all().contains(mirrored.running.get().platform())) {
            return;
        }
        if (mirrored.running.isPresent()) {
            close(mirrored, false);
            mirrored.disks.writesUnseen(disk.volume(), "its platform was removed");
        }
        Optional<MirrorPlatform> host = platforms.mirrorHost(disk);
        Optional<ExportServer> reached = server.get();
        if (host.isEmpty() || reached.isEmpty()) {
            return;
        }
        Listener listener = new Listener(mirrored.disks, disk);
        fence(disk.volume());
        try {
            MirrorPlatform.Capture capture =
                    host.get().startCapture(disk, reached.get().uri(mirrored.export.name()), listener);
            mirrored.running = Optional.of(new Running(host.get(), capture, listener));
            LOG.info("Volume {} of VM {} is being captured", disk.volume(), disk.vmUuid());
        } catch (PlatformException e) {
            listener.over = true;
            mirrored.disks.writesUnseen(disk.volume(), e.getMessage());
        }
    }

    /** Ends the captures of volumes and takes their exports away. */
    void end(Collection<VolumeId> volumes, boolean forGood) {
        for (VolumeId volume : volumes) {
            Mirrored mirrored = byVolume.get(volume);
            if (mirrored == null) {
                continue;
            }
            close(mirrored, forGood);
            mirrored.export.fence();
            byVolume.remove(volume);
            listeners.forEach(listener -> listener.accept(volume.value()));
        }
    }

    private static void close(Mirrored mirrored, boolean forGood) {
        Optional<Running> running = mirrored.running;
        mirrored.running = Optional.empty();
        if (running.isEmpty()) {
            return;
        }
        running.get().listener().over = true;
        try {
            if (forGood) {
                running.get().capture().forget();
            } else {
                running.get().capture().close();
            }
        } catch (PlatformException e) {
            LOG.warn("The capture of volume {} does not end: {}", mirrored.export.id(), e.getMessage());
        }
    }

    void close() {
        end(new HashSet<>(byVolume.keySet()), false);
    }

    @Override
    public Optional<BlockExport> find(String name) {
        return VolumeId.isValid(name)
                ? Optional.ofNullable(byVolume.get(new VolumeId(name))).map(mirrored -> mirrored.export)
                : Optional.empty();
    }

    @Override
    public List<String> names() {
        return byVolume.keySet().stream().map(VolumeId::value).sorted().toList();
    }

    @Override
    public AutoCloseable onRemoved(Consumer<String> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** What a platform tells of one capture; of one that was ended, nothing is heeded any more. */
    private final class Listener implements MirrorPlatform.CaptureListener {
        private final MirroredDisks disks;
        private final DiskRef disk;
        private volatile boolean over;

        Listener(MirroredDisks disks, DiskRef disk) {
            this.disks = disks;
            this.disk = disk;
        }

        @Override
        public void live(UnseenWrites unseen) {
            if (over) {
                throw new IllegalStateException("the capture of volume " + disk.volume() + " was ended");
            }
            LOG.info(
                    "Volume {} of VM {} is mirrored; unseen before: {}",
                    disk.volume(),
                    disk.vmUuid(),
                    unseen.known() ? unseen.ranges().size() + " ranges" : "nobody watched");
            disks.writesSeen(disk.volume(), unseen);
        }

        @Override
        public void lost(String reason) {
            if (!over) {
                fence(disk.volume());
                disks.writesUnseen(disk.volume(), reason);
            }
        }

        @Override
        public void replaced(String reason) {
            if (!over) {
                disks.writesUnseen(disk.volume(), reason);
                anew.accept(disk.vmUuid());
            }
        }
    }
}
