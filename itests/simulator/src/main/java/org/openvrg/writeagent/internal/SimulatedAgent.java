package org.openvrg.writeagent.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.openvrg.api.service.Identity;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.simulator.Peek;
import org.openvrg.wire.LaneListener;

/** The real server of a writeagent, on executors, a folder and storage of the simulator. */
public final class SimulatedAgent {
    private final AgentServer server;
    private final UUID vmUuid;

    /**
     * Starts it; gateways with the fingerprint are trusted. Its storage survives the process, so that process and machine
     * may have the same id.
     */
    public SimulatedAgent(
            Path folder,
            UUID bootId,
            UUID vmUuid,
            String trusted,
            Executor apply,
            Executor hash,
            StorageProvider storage)
            throws IOException {
        this.vmUuid = vmUuid;
        StateFolder states = new StateFolder(folder, new StateFile.Lives(bootId, bootId));
        this.server = new AgentServer(
                new Enrolment(new Nobody(), Set.of(trusted), Optional.empty()),
                states,
                new ProviderRegistry(),
                apply,
                hash);
        server.providerArrived("SIM", storage);
    }

    /** What its connections tell. */
    public LaneListener listener() {
        return server;
    }

    /** To be called every second. */
    public void tick() {
        server.tick();
    }

    /** Newest entry that stands on the volumes as far as the state file tells. */
    public Optional<Long> appliedIndex() {
        Object vm = Peek.at(server, "vms", Map.class).get(vmUuid);
        if (vm == null) {
            return Optional.empty();
        }
        VmVolumes volumes = Peek.at(vm, "volumes", VmVolumes.class);
        Optional<?> state = Peek.at(volumes, "state", Optional.class);
        return state.map(file -> ((StateFile) file).appliedIndex());
    }

    private record Nobody() implements Identity {
        @Override
        public UUID vrgUuid() {
            return new UUID(0, 9);
        }

        @Override
        public X509Certificate certificate() {
            throw new UnsupportedOperationException("no TLS in the simulator");
        }

        @Override
        public PrivateKey privateKey() {
            throw new UnsupportedOperationException("no TLS in the simulator");
        }

        @Override
        public String fingerprint() {
            return "agent";
        }
    }
}
