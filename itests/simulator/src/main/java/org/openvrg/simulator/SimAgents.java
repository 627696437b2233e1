package org.openvrg.simulator;

import java.net.InetAddress;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openvrg.replication.internal.standby.Agents;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.Message;

/** The DR gateway's connection to the writeagent of the simulated DR host, opened again for ever. */
final class SimAgents implements Agents {
    private final Sim sim;
    private final SimNetwork network;
    private final SimProcess process;
    private final UUID vrgUuid;
    private final Peer agent;
    private Optional<Listener> listener = Optional.empty();
    private Optional<Lane> lane = Optional.empty();

    /** Where the writeagent is at a moment, while it runs. */
    interface Peer {
        /** Connects, with a listener for this end; empty when nobody is there. */
        Optional<SimConnection> connect(SimProcess from, LaneListener listener);
    }

    SimAgents(Sim sim, SimNetwork network, SimProcess process, UUID vrgUuid, Peer agent) {
        this.sim = sim;
        this.network = network;
        this.process = process;
        this.vrgUuid = vrgUuid;
        this.agent = agent;
    }

    @Override
    public void join(InetAddress address, int port, UUID vmUuid, Listener to) {
        boolean first = listener.isEmpty();
        listener = Optional.of(to);
        lane.ifPresent(to::agentUp);
        if (first && lane.isEmpty()) {
            redial();
        }
    }

    @Override
    public void leave(InetAddress address, int port, UUID vmUuid) {
        listener = Optional.empty();
        lane.ifPresent(open -> open.close("no VM uses this agent any more"));
    }

    private void dial() {
        if (listener.isEmpty()) {
            return;
        }
        Optional<SimConnection> connection =
                network.isUp() ? agent.connect(process, new Connection()) : Optional.empty();
        if (connection.isEmpty()) {
            redial();
        }
    }

    private void redial() {
        sim.after(TimeUnit.MILLISECONDS.toNanos(sim.between(20, 300)), process, Pool.NETWORK, this::dial);
    }

    private final class Connection implements LaneListener {
        @Override
        public void opened(Lane open) {
            open.send(new Message.Hello(process.wireVersion(), 0, vrgUuid, "", 0, new byte[0]));
        }

        @Override
        public void received(Lane from, Message message) {
            if (message instanceof Message.HelloReply reply) {
                if (reply.verdict() == Message.Verdict.ACCEPTED && listener.isPresent()) {
                    lane = Optional.of(from);
                    listener.get().agentUp(from);
                } else {
                    from.close("refused");
                }
            } else if (message instanceof Message.OfVm about) {
                sim.trace(() -> process + " gets " + about);
                listener.ifPresent(to -> to.agentSent(about));
            }
        }

        @Override
        public void writable(Lane open) {
            listener.ifPresent(Listener::agentWritable);
        }

        @Override
        public void closed(Lane gone, String reason) {
            sim.trace(() -> process + ": the writeagent is gone: " + reason);
            boolean stood = lane.isPresent() && lane.get() == gone;
            if (stood) {
                lane = Optional.empty();
                if (process.alive()) {
                    listener.ifPresent(to -> to.agentDown(reason));
                }
            }
            redial();
        }
    }
}
