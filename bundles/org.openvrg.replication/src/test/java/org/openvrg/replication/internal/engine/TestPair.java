package org.openvrg.replication.internal.engine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.BlockHash;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.block.ExportServer;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.api.platform.PlatformCapability;
import org.openvrg.api.service.AlarmService;
import org.openvrg.link.LinkListener;
import org.openvrg.link.PeerLink;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.production.ProductionSettings;
import org.openvrg.replication.internal.standby.Agents;
import org.openvrg.replication.internal.standby.StandbySettings;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;

/**
 * Two engines in one process with real journals, bitmaps and volumes in a folder; only the network between them and the
 * writeagent are played. Either engine can be thrown away and made anew from what it left on disk.
 */
final class TestPair implements AutoCloseable {
    static final UUID VM = UUID.fromString("11111111-2222-3333-4444-555555555555");
    private static final long DEADLINE_SECONDS = 60;

    final Path folder;
    final List<VolumeId> volumes;
    final long sizeBytes;
    final TestLink productionLink = new TestLink();
    final TestLink standbyLink = new TestLink();
    final TestAgent agent = new TestAgent();
    private final ExecutorService network = Executors.newSingleThreadExecutor();
    final TestPlatform platform = new TestPlatform();
    private final long journalLimitBytes;
    /** Of the machine; another one is a power loss. */
    UUID boot = UUID.randomUUID();
    /** Of a production side that is started from now on. */
    long scrubBytesPerSecond;
    /** Kinds of alarm that were raised, ever, and those that stand. */
    final Set<AlarmService.Kind> raised = ConcurrentHashMap.newKeySet();

    final Set<AlarmService.Kind> standing = ConcurrentHashMap.newKeySet();
    /** By the name of the side. */
    final Map<String, TestAlarms> alarms =
            Map.of("production", new TestAlarms(raised, standing), "standby", new TestAlarms(raised, standing));

    Optional<Side> production = Optional.empty();
    Optional<Side> standby = Optional.empty();
    Optional<TestLane> lane = Optional.empty();

    record Side(ReplicationEngine engine, Workers workers) {
        void close() {
            engine.close();
            workers.close();
        }
    }

    TestPair(Path folder, int volumeCount, long sizeBytes, long journalLimitBytes) throws IOException {
        this.folder = folder;
        this.sizeBytes = sizeBytes;
        this.journalLimitBytes = journalLimitBytes;
        List<VolumeId> ids = new ArrayList<>();
        for (int i = 0; i < volumeCount; i++) {
            ids.add(new VolumeId("vol-" + i));
        }
        this.volumes = List.copyOf(ids);
        Files.createDirectories(folder.resolve("volumes"));
        Files.createDirectories(folder.resolve("datastore"));
        for (VolumeId volume : volumes) {
            makeFile(productionFile(volume));
            makeFile(standbyFile(volume));
        }
    }

    private void makeFile(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), sizeBytes - 1);
        }
    }

    Path productionFile(VolumeId volume) {
        return folder.resolve("volumes").resolve(volume + ".raw");
    }

    Path standbyFile(VolumeId volume) {
        return folder.resolve("datastore").resolve(volume + ".raw");
    }

    void startProduction() throws Exception {
        startProductionWithoutPlatform();
        ReplicationEngine engine = production.orElseThrow().engine();
        engine.addPlatform("inline", platform);
        await(() -> volumes.stream()
                .allMatch(volume -> engine.exports().find(volume.value()).isPresent()));
    }

    void startProductionWithoutPlatform() throws Exception {
        production = Optional.of(start("production", productionLink));
        production
                .get()
                .engine()
                .apply(new VmStrategy.Production(
                        VM,
                        Optional.empty(),
                        Optional.empty(),
                        true,
                        true,
                        volumes.stream()
                                .map(volume -> new ProductionDisk(volume, OptionalInt.empty()))
                                .toList()));
    }

    void startStandby() throws Exception {
        startStandbyWithoutVolumes();
        await(() -> report(standby).volumes().values().stream().allMatch(status -> status == VolumeStatus.NORMAL));
    }

    /** Does not wait for the writeagent. */
    void startStandbyWithoutVolumes() throws Exception {
        standby = Optional.of(start("standby", standbyLink));
        standby.get()
                .engine()
                .apply(new VmStrategy.Standby(
                        VM,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        "127.0.0.1",
                        7100,
                        volumes.stream()
                                .map(volume -> new StandbyDisk(
                                        volume,
                                        volume + ".raw",
                                        Optional.empty(),
                                        "LOCALPOME",
                                        OptionalInt.empty(),
                                        Map.of()))
                                .toList()));
    }

    private Side start(String name, TestLink link) throws Exception {
        Workers workers = new Workers();
        Path state = folder.resolve(name);
        ReplicationEngine.EngineSettings settings = new ReplicationEngine.EngineSettings(
                new ProductionSettings(
                        state.resolve("production"),
                        state.resolve("live"),
                        1 << 20,
                        journalLimitBytes,
                        5000,
                        scrubBytesPerSecond,
                        boot),
                new StandbySettings(state.resolve("standby"), 1 << 20, journalLimitBytes, UUID.randomUUID()));
        return new Side(
                new ReplicationEngine(settings, workers, link, agent, alarms.get(name), TestPair::server), workers);
    }

    /** Where hypervisors reach the exports. */
    private static Optional<ExportServer> server() {
        return Optional.of(name -> URI.create("nbd://127.0.0.1:10809/" + name));
    }

    void stopProduction() {
        cut();
        production.ifPresent(Side::close);
        production = Optional.empty();
    }

    void stopStandby() {
        cut();
        standby.ifPresent(Side::close);
        standby = Optional.empty();
    }

    void connect() {
        TestLane there = new TestLane(standbyLink);
        TestLane here = new TestLane(productionLink);
        there.other = Optional.of(here);
        here.other = Optional.of(there);
        // What production sends on its lane arrives at the DR side as coming from that side's end.
        lane = Optional.of(here);
        productionLink.lane = Optional.of(here);
        productionLink.listeners.forEach(LinkListener::lanesChanged);
    }

    void cut() {
        productionLink.lane = Optional.empty();
        lane.ifPresent(open -> open.close("cut"));
        lane = Optional.empty();
    }

    VmReport report(Optional<Side> side) {
        return side.orElseThrow().engine().report(VM).orElseThrow();
    }

    ProtectionState state() {
        return report(production).state();
    }

    BlockExport export(VolumeId volume) {
        return production.orElseThrow().engine().exports().find(volume.value()).orElseThrow();
    }

    void write(VolumeId volume, long offset, byte[] bytes) throws Exception {
        submit(volume, offset, bytes).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    CompletableFuture<Void> submit(VolumeId volume, long offset, byte[] bytes) {
        return submit(export(volume), offset, bytes);
    }

    static CompletableFuture<Void> submit(BlockExport export, long offset, byte[] bytes) {
        WritePayload payload = new WritePayload() {
            @Override
            public ByteBuffer bytes() {
                return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
            }

            @Override
            public void release() {
                // heap memory: nothing to give back
            }
        };
        return export.write(offset, payload, false).toCompletableFuture();
    }

    void awaitQueueDrained() {
        await(() -> {
            VmReport report = report(production);
            VmReport.Progress progress = report.progress();
            return report.state() == ProtectionState.INCREMENTAL_QUEUE
                    && progress.durableSequence() >= progress.lastSequence()
                    && report(standby).progress().appliedSequence() >= progress.lastSequence();
        });
    }

    boolean equal() throws IOException {
        for (VolumeId volume : volumes) {
            if (Files.mismatch(productionFile(volume), standbyFile(volume)) != -1) {
                return false;
            }
        }
        return true;
    }

    void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not so within " + DEADLINE_SECONDS + " s; production: "
                        + production.map(side -> side.engine().reports()) + " standby: "
                        + standby.map(side -> side.engine().reports()));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    @Override
    public void close() {
        stopProduction();
        stopStandby();
        network.shutdownNow();
    }

    /** A lane whose messages arrive at the other end in order, on the network's thread. */
    final class TestLane implements Lane {
        private final TestLink home;
        private Optional<TestLane> other = Optional.empty();
        private volatile boolean open = true;

        TestLane(TestLink home) {
            this.home = home;
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public boolean isWritable() {
            return open;
        }

        @Override
        public void send(Message message) {
            if (!open) {
                return;
            }
            if (message instanceof Message.ResyncData) {
                resyncFrames.incrementAndGet();
            }
            TestLane end = other.orElseThrow();
            network.execute(() -> {
                if (end.open && message instanceof Message.OfVm about) {
                    end.home.listeners.forEach(listener -> listener.received(end, about));
                }
            });
        }

        @Override
        public void setReading(boolean reading) {
            // the network's thread waits for nobody
        }

        @Override
        public boolean encrypted() {
            return true;
        }

        @Override
        public Optional<String> peerFingerprint() {
            return Optional.empty();
        }

        @Override
        public String remoteAddress() {
            return "test";
        }

        @Override
        public long sentBytes() {
            return 0;
        }

        @Override
        public void close(String reason) {
            for (TestLane end : List.of(this, other.orElseThrow())) {
                if (end.open) {
                    end.open = false;
                    network.execute(() -> end.home.listeners.forEach(listener -> listener.closed(end)));
                }
            }
        }
    }

    /** Frames of copied blocks that any lane has carried. */
    final AtomicInteger resyncFrames = new AtomicInteger();

    static final class TestLink implements PeerLink {
        final List<LinkListener> listeners = new CopyOnWriteArrayList<>();
        volatile Optional<TestLane> lane = Optional.empty();

        @Override
        public Optional<Lane> outboundLane(UUID vmUuid, boolean encrypted) {
            return lane.map(open -> open);
        }

        @Override
        public AutoCloseable listen(LinkListener listener) {
            listeners.add(listener);
            return () -> listeners.remove(listener);
        }
    }

    /** Plays the writeagent on raw files; remembers what it applied, like the real one. */
    final class TestAgent implements Agents {
        private final Map<VolumeKey, Path> files = new HashMap<>();
        private long applied;
        private long generation;
        volatile Runnable afterEachRecord = () -> {};
        volatile boolean up = true;
        /** Writes fail, as on a disk that is full. */
        volatile boolean refusing;
        /** What becomes of a volume that is to be opened. */
        volatile VolumeStatus opensAs = VolumeStatus.NORMAL;
        /** Volumes are told as such until the next generation. */
        volatile boolean newlyOwned;

        private Optional<Listener> listener = Optional.empty();

        @Override
        public void join(InetAddress address, int port, UUID vmUuid, Listener to) {
            listener = Optional.of(to);
            if (up) {
                to.agentUp(new AgentLane(to));
            }
        }

        @Override
        public void leave(InetAddress address, int port, UUID vmUuid) {
            listener = Optional.empty();
        }

        void down() {
            up = false;
            listener.ifPresent(to -> to.agentDown("the test says so"));
        }

        void up() {
            up = true;
            listener.ifPresent(to -> to.agentUp(new AgentLane(to)));
        }

        private final class AgentLane implements Lane {
            private final Listener to;

            AgentLane(Listener to) {
                this.to = to;
            }

            @Override
            public void send(Message message) {
                network.execute(() -> {
                    if (up) {
                        answer(to, (Message.OfVm) message);
                    }
                });
            }

            @Override
            public boolean isOpen() {
                return up;
            }

            @Override
            public boolean isWritable() {
                return up;
            }

            @Override
            public void setReading(boolean reading) {
                // nothing is read here
            }

            @Override
            public boolean encrypted() {
                return true;
            }

            @Override
            public Optional<String> peerFingerprint() {
                return Optional.empty();
            }

            @Override
            public String remoteAddress() {
                return "agent";
            }

            @Override
            public long sentBytes() {
                return 0;
            }

            @Override
            public void close(String reason) {
                to.agentDown(reason);
            }
        }

        private void answer(Listener to, Message.OfVm message) {
            try {
                if (message instanceof Message.AgentAttach attach) {
                    if (attach.generation() > generation) {
                        generation = attach.generation();
                        applied = 0;
                        newlyOwned = false;
                    }
                    to.agentSent(new Message.AgentPosition(VM, applied, applied));
                } else if (message instanceof Message.OpenVolume open) {
                    files.put(open.volume().key(), folder.resolve("datastore").resolve(open.volumeUrl()));
                    to.agentSent(new Message.VolumeState(
                            VM, open.volume(), opensAs, sizeBytes, newlyOwned, "the test says so"));
                } else if (message instanceof Message.Apply apply && refusing) {
                    to.agentSent(new Message.ApplyFailed(VM, apply.firstIndex(), volumes.get(0), "no space left"));
                } else if (message instanceof Message.Apply apply) {
                    apply(apply);
                    to.agentSent(new Message.Applied(VM, applied));
                } else if (message instanceof Message.Flush) {
                    to.agentSent(new Message.Flushed(VM, applied));
                } else if (message instanceof Message.HashRequest request) {
                    to.agentSent(new Message.HashReply(VM, request.requestId(), hashes(request)));
                } else if (message instanceof Message.CloseVolume close) {
                    to.agentSent(new Message.VolumeClosed(VM, close.volume(), true, ""));
                }
            } catch (StorageException | LinkException | IOException e) {
                throw new IllegalStateException(e);
            }
        }

        private void apply(Message.Apply apply) throws StorageException, LinkException, IOException {
            long index = apply.firstIndex();
            if (applied == 0) {
                applied = index - 1; // knows nothing: takes whatever comes first
            }
            if (index > applied + 1) {
                throw new IllegalStateException("gap: " + index + " after " + applied);
            }
            for (StreamRecord record : apply.batch().unpack()) {
                if (index++ <= applied) {
                    continue;
                }
                if (record.type().isData()) {
                    try (RawFileVolume volume = RawFileVolume.open(files.get(record.volume()), "test")) {
                        if (record.type().carriesBytes()) {
                            volume.write(record.offsetBytes(), record.payload());
                        } else {
                            volume.zero(record.offsetBytes(), record.lengthBytes(), false);
                        }
                    }
                }
                applied++;
                afterEachRecord.run();
            }
        }

        private byte[] hashes(Message.HashRequest request) throws StorageException, IOException {
            ByteBuffer out = ByteBuffer.allocate(request.blockCount() * BlockHash.LENGTH_BYTES);
            try (RawFileVolume volume = RawFileVolume.open(files.get(request.volume()), "test")) {
                for (int i = 0; i < request.blockCount(); i++) {
                    long offset = request.offsetBytes() + (long) i * request.blockBytes();
                    ByteBuffer block =
                            ByteBuffer.allocate((int) Math.min(request.blockBytes(), volume.sizeBytes() - offset));
                    volume.read(offset, block);
                    out.put(BlockHash.of(block.flip()));
                }
            }
            return out.array();
        }
    }

    /** The inline platform; its disks can be taken away. */
    final class TestPlatform implements InlinePlatform {
        @Override
        public Set<PlatformCapability> capabilities() {
            return Set.of();
        }

        @Override
        public boolean hosts(DiskRef disk) {
            return Files.exists(productionFile(disk.volume()));
        }

        @Override
        public void checkSlot(OptionalInt slot) {
            // every slot is fine
        }

        @Override
        public String deviceName(int slot) {
            return "vd" + slot;
        }

        @Override
        public BlockVolume open(DiskRef disk) throws StorageException {
            return RawFileVolume.open(productionFile(disk.volume()), "test");
        }

        @Override
        public List<VolumeId> volumes() {
            return volumes;
        }

        @Override
        public AutoCloseable onChange(Runnable listener) {
            return () -> {};
        }
    }
}
