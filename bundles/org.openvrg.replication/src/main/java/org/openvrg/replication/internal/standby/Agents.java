package org.openvrg.replication.internal.standby;

import java.net.InetAddress;
import java.util.UUID;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;

/** The way to the writeagents. Thread-safe. */
public interface Agents {
    /** Connects a VM to an agent; the listener hears at once when the connection stands already. */
    void join(InetAddress address, int port, UUID vmUuid, Listener listener);

    /** Disconnects a VM; the last one to go closes the connection. */
    void leave(InetAddress address, int port, UUID vmUuid);

    /** Is told about the agent of one VM; calls come on event loops and must not block. */
    public interface Listener {
        /** The agent takes messages. */
        void agentUp(Lane lane);

        /** The agent is gone, or not there. */
        void agentDown(String reason);

        /** A message of the agent about the VM. */
        void agentSent(Message.OfVm message);

        /** The connection has room again. */
        void agentWritable();
    }
}
