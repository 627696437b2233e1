package org.openvrg.writeagent.internal;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.wire.Message.AgentAttach;
import org.openvrg.wire.Message.AgentPosition;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.OpenVolume;
import org.openvrg.wire.Message.VolumeState;

/** An agent on fake lanes and storage, in which everything happens on the thread of the test. */
final class AgentHarness implements AutoCloseable {
    static final UUID VM = new UUID(1, 1);
    static final UUID GATEWAY = new UUID(2, 2);
    static final UUID OTHER_GATEWAY = new UUID(3, 3);
    static final VolumeId DISK = new VolumeId("disk");
    static final VolumeId SECOND = new VolumeId("second");

    final TestIdentity identity;
    final MemoryStorage storage = new MemoryStorage();
    private final Path folder;
    private StateFolder states;
    AgentServer server;

    AgentHarness(Path folder) throws Exception {
        this.identity = TestIdentity.make();
        this.folder = folder;
        start(new UUID(7, 7));
        server.providerArrived("MEMORY", storage);
    }

    private void start(UUID bootId) throws Exception {
        states = new StateFolder(folder, new StateFile.Lives(bootId, UUID.randomUUID()));
        server = new AgentServer(
                new Enrolment(
                        identity,
                        Set.of("trusted"),
                        Optional.of("a shared secret".getBytes(java.nio.charset.StandardCharsets.UTF_8))),
                states,
                new ProviderRegistry(),
                Runnable::run,
                Runnable::run);
    }

    /** As after kill -9: nothing is flushed or closed, the disks are free to be opened. */
    void kill(UUID bootId) throws Exception {
        states.close();
        storage.disks.values().forEach(disk -> disk.open = false);
        start(bootId);
        server.providerArrived("MEMORY", storage);
    }

    @Override
    public void close() throws java.io.IOException {
        states.close();
    }

    /** Newest entry that the gateway has. */
    long lastIndex = 99;

    /** A lane that was accepted. */
    FakeLane lane() {
        FakeLane lane = new FakeLane(identity.fingerprint());
        server.opened(lane);
        server.received(lane, new Hello(1, 0, GATEWAY, "", 0, new byte[0]));
        lane.only(HelloReply.class);
        return lane;
    }

    /** A lane that has the VM. */
    FakeLane attached() {
        FakeLane lane = lane();
        attach(lane, GATEWAY, 1);
        return lane;
    }

    AgentPosition attach(FakeLane lane, UUID gateway, long generation) {
        server.received(lane, new AgentAttach(VM, gateway, generation, lastIndex));
        return lane.only(AgentPosition.class);
    }

    VolumeState open(FakeLane lane, VolumeId volume, String url, long sizeBytes) {
        server.received(lane, open(volume, url, "MEMORY", sizeBytes));
        return lane.only(VolumeState.class);
    }

    static OpenVolume open(VolumeId volume, String url, String volType, long sizeBytes) {
        return new OpenVolume(VM, volume, url, Optional.empty(), volType, Map.of(), sizeBytes);
    }

    /** A lane that has the VM with one open disk of 64 KiB. */
    FakeLane withDisk() {
        storage.add("d", 65536);
        FakeLane lane = attached();
        VolumeState state = open(lane, DISK, "d", 65536);
        if (state.status() != VolumeStatus.NORMAL) {
            throw new AssertionError(state);
        }
        return lane;
    }

    byte[] bytes() {
        return storage.disks.get("d").bytes;
    }
}
