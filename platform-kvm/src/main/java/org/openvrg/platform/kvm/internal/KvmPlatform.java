package org.openvrg.platform.kvm.internal;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.Slots;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.MirrorPlatform;
import org.openvrg.api.platform.PlatformCapability;
import org.openvrg.platform.kvm.KvmSlots;
import org.openvrg.qemu.guard.Endpoint;
import org.openvrg.qemu.guard.GuardProcess;
import org.openvrg.qemu.mirror.BitmapTokens;
import org.openvrg.qemu.mirror.LiveDisk;
import org.openvrg.qemu.mirror.LiveReaders;
import org.openvrg.qemu.mirror.MirrorCapture;
import org.openvrg.qemu.mirror.MirrorCapture.CaptureWatch;
import org.openvrg.qemu.mirror.MirrorCaptures;
import org.openvrg.qemu.qmp.QmpException;

/** VMs of QEMU hosts, captured through their monitors. Thread-safe. */
final class KvmPlatform implements MirrorPlatform, AutoCloseable {
    private final HostSettings settings;
    private final BitmapTokens tokens;
    private final Hosts hosts;
    private final Optional<GuardProcess> guard;
    private final MirrorCaptures captures = new MirrorCaptures();
    private final LiveReaders readers = new LiveReaders();

    /** Begins to look at the hosts, and starts the guard. */
    KvmPlatform(HostSettings settings) throws IOException, GeneralSecurityException {
        this.settings = settings;
        this.tokens = new BitmapTokens(settings.state().resolve("bitmaps"));
        Optional<SSLContext> tls =
                settings.tls().isPresent() ? Optional.of(settings.tls().get().context()) : Optional.empty();
        this.guard = settings.silence().isPresent()
                ? Optional.of(new GuardProcess(
                        settings.state().resolve("guard"),
                        settings.silence().get(),
                        settings.tls(),
                        settings.lastResort()))
                : Optional.empty();
        this.hosts = new Hosts(settings, tls);
    }

    @Override
    public Set<PlatformCapability> capabilities() {
        return EnumSet.of(PlatformCapability.HOST_DIRTY_BITMAP);
    }

    @Override
    public boolean hosts(DiskRef disk) {
        return hosts.find(disk.vmUuid())
                .flatMap(vm -> DiskMatch.find(vm.disks(), disk))
                .isPresent();
    }

    @Override
    public void checkSlot(OptionalInt slot) throws PlatformException {
        if (!Slots.isValid(slot)) {
            throw new PlatformException("seqNum " + slot.getAsInt() + " is not in " + Slots.FIRST + ".." + Slots.LAST);
        }
    }

    @Override
    public String deviceName(int slot) throws PlatformException {
        checkSlot(OptionalInt.of(slot));
        return KvmSlots.deviceName(slot);
    }

    @Override
    public BlockVolume open(DiskRef disk) throws StorageException {
        return readers.open(disk.volume(), () -> find(disk));
    }

    @Override
    public Capture startCapture(DiskRef disk, URI export, CaptureListener listener) throws PlatformException {
        CaptureWatch watch = guard.map(process -> process.watch(this::guardOf)).orElse(CaptureWatch.NONE);
        return captures.add(MirrorCapture.start(
                disk.volume(),
                export,
                () -> find(disk),
                listener,
                settings.mirror(),
                tokens,
                readers.watch(disk.volume(), watch)));
    }

    /** Whether the guard could cut off at a monitor right now. */
    boolean isGuarded(SocketAddress monitor) {
        return guard.isPresent() && guard.get().isReady(Endpoint.format(monitor));
    }

    private Optional<String> guardOf(LiveDisk disk) {
        return hosts.guardOf(disk.monitor()).map(Endpoint::format);
    }

    private LiveDisk find(DiskRef disk) throws PlatformException {
        Vm vm = hosts.find(disk.vmUuid())
                .orElseThrow(() -> new PlatformException(
                        "VM " + disk.vmUuid() + " runs on none of the hosts, or is on its way to another"));
        try {
            vm.refresh();
        } catch (QmpException e) {
            throw new PlatformException("VM " + disk.vmUuid() + " can't be asked: " + e.getMessage(), e);
        }
        if (!vm.isHere()) {
            throw new PlatformException("VM " + disk.vmUuid() + " is on its way to another host");
        }
        VmDisk found = DiskMatch.find(vm.disks(), disk)
                .orElseThrow(() -> new PlatformException("VM " + disk.vmUuid() + " has no disk with the serial "
                        + disk.volume() + ", nor one in its slot"));
        return new LiveDisk(
                vm.client(),
                found.node(),
                found.device(),
                found.sizeBytes(),
                found.persistent(),
                vm.monitor().reader());
    }

    @Override
    public void close() throws IOException, PlatformException {
        try {
            captures.close();
        } finally {
            readers.close();
            hosts.close();
            if (guard.isPresent()) {
                guard.get().close();
            }
        }
    }
}
