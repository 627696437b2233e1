package org.openvrg.platform.xen;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.Slots;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.MirrorPlatform;
import org.openvrg.api.platform.PlatformCapability;
import org.openvrg.qemu.guard.GuardProcess;
import org.openvrg.qemu.mirror.BitmapTokens;
import org.openvrg.qemu.mirror.LiveDisk;
import org.openvrg.qemu.mirror.LiveReaders;
import org.openvrg.qemu.mirror.MirrorCapture;
import org.openvrg.qemu.mirror.MirrorCapture.CaptureWatch;
import org.openvrg.qemu.mirror.MirrorCaptures;
import org.openvrg.qemu.mirror.MirrorSettings;

/**
 * Xen hosts whose block back end is QEMU. A disk is found by VM and slot, wherever the VM runs. Thread-safe; hosts may
 * come and go.
 */
public final class XenPlatform implements MirrorPlatform, AutoCloseable {
    private final List<XenHost> hosts = new CopyOnWriteArrayList<>();
    private final MirrorSettings settings;
    private final BitmapTokens tokens;
    private final Optional<GuardProcess> guard;
    private final MirrorCaptures captures = new MirrorCaptures();
    private final LiveReaders readers = new LiveReaders();

    /**
     * Without hosts yet.
     *
     * @param folder for what has to survive a restart
     * @param silence of the gateway after which its guard cuts it off; none for no guard
     */
    public XenPlatform(MirrorSettings settings, Path folder, Optional<Duration> silence) throws IOException {
        this.settings = settings;
        this.tokens = new BitmapTokens(folder.resolve("bitmaps"));
        this.guard = silence.isPresent()
                ? Optional.of(new GuardProcess(folder.resolve("guard"), silence.get(), Optional.empty()))
                : Optional.empty();
    }

    /** Adds a host, which stays the caller's to close. */
    public void add(XenHost host) {
        hosts.add(host);
    }

    /** Removes a host; what is captured on it is lost until another has it. */
    public void remove(XenHost host) {
        hosts.remove(host);
    }

    @Override
    public Set<PlatformCapability> capabilities() {
        return EnumSet.allOf(PlatformCapability.class);
    }

    /** A VM is hosted whatever its slots are if none is given, so that {@link #checkSlot} can say what is missing. */
    @Override
    public boolean hosts(DiskRef disk) {
        OptionalInt slot = Slots.isValid(disk.slot()) ? disk.slot() : OptionalInt.empty();
        return hosts.stream().anyMatch(host -> host.hosts(disk.vmUuid(), slot));
    }

    @Override
    public void checkSlot(OptionalInt slot) throws PlatformException {
        if (slot.isEmpty()) {
            throw new PlatformException(
                    "seqNum is missing: on Xen each disk needs its slot, " + Slots.FIRST + ".." + Slots.LAST);
        }
        if (!Slots.isValid(slot)) {
            throw new PlatformException("seqNum " + slot.getAsInt() + " is not in " + Slots.FIRST + ".." + Slots.LAST);
        }
    }

    @Override
    public String deviceName(int slot) throws PlatformException {
        checkSlot(OptionalInt.of(slot));
        return XenSlots.deviceName(slot);
    }

    @Override
    public BlockVolume open(DiskRef disk) throws StorageException {
        return readers.open(disk.volume(), () -> find(disk));
    }

    @Override
    public Capture startCapture(DiskRef disk, URI export, CaptureListener listener) throws PlatformException {
        checkSlot(disk.slot());
        CaptureWatch watch = guard.map(process -> process.watch(this::guardOf)).orElse(CaptureWatch.NONE);
        return captures.add(MirrorCapture.start(
                disk.volume(),
                export,
                () -> find(disk),
                listener,
                settings,
                tokens,
                readers.watch(disk.volume(), watch)));
    }

    private Optional<String> guardOf(LiveDisk disk) {
        return hosts.stream()
                .flatMap(host -> host.guardOf(disk.monitor()).stream())
                .findFirst();
    }

    /** Ends all captures, and the guard. */
    @Override
    public void close() throws IOException, PlatformException {
        try {
            captures.close();
        } finally {
            readers.close();
            if (guard.isPresent()) {
                guard.get().close();
            }
        }
    }

    /** Finds the one domain that is the VM, on whichever host. */
    private LiveDisk find(DiskRef disk) throws PlatformException {
        checkSlot(disk.slot());
        UUID vm = disk.vmUuid();
        List<String> unreachable = new ArrayList<>();
        List<Place> places = new ArrayList<>();
        for (XenHost host : hosts) {
            try {
                host.domainsOf(vm).forEach(domain -> places.add(new Place(host, domain)));
            } catch (PlatformException e) {
                unreachable.add(String.valueOf(e.getMessage()));
            }
        }
        if (places.size() > 1) {
            throw new PlatformException(
                    "VM " + vm + " has " + places.size() + " domains, it is being migrated: " + places);
        }
        if (places.isEmpty()) {
            throw new PlatformException("VM " + vm + " runs on no Xen host of the configuration"
                    + (unreachable.isEmpty() ? "" : ", as far as can be seen: " + String.join("; ", unreachable)));
        }
        return places.get(0).host().find(places.get(0).domain(), disk.slot().getAsInt());
    }

    private record Place(XenHost host, int domain) {
        @Override
        public String toString() {
            return domain + " on " + host.name();
        }
    }
}
