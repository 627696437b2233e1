package org.openvrg.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.SimulatedLanes;

/** A network between processes, and what goes wrong in it. */
final class SimNetwork {
    final Sim sim;
    private final List<SimConnection> connections = new ArrayList<>();
    private long mostDelayNanos = TimeUnit.MILLISECONDS.toNanos(2);
    private boolean down;
    private int duplicateOneIn;
    private int flipOneIn;

    SimNetwork(Sim sim) {
        this.sim = sim;
    }

    /** Whether connections can be made. */
    boolean isUp() {
        return !down;
    }

    void down(boolean now) {
        down = now;
    }

    void mostDelayMillis(long millis) {
        mostDelayNanos = TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** All frames arrive once, whole and in time. */
    void heal() {
        mostDelayMillis(2);
        duplicateOneIn(0);
        flipOneIn(0);
    }

    /** One frame about a VM in so many arrives twice; 0 for none. */
    void duplicateOneIn(int times) {
        duplicateOneIn = times;
    }

    /** One frame in so many arrives with a wrong bit; 0 for none. */
    void flipOneIn(int times) {
        flipOneIn = times;
    }

    long delayNanos() {
        return sim.between(20_000, mostDelayNanos);
    }

    SimConnection connect(
            SimProcess client,
            SimProcess server,
            LaneListener atClient,
            LaneListener atServer,
            String clientFingerprint,
            String serverFingerprint) {
        connections.removeIf(connection -> !connection.isOpen());
        SimConnection connection = new SimConnection(this, client, server);
        connections.add(connection);
        connection.open(atClient, atServer, clientFingerprint, serverFingerprint);
        return connection;
    }

    /** The connections that stand. */
    List<SimConnection> standing() {
        return connections.stream().filter(SimConnection::isOpen).toList();
    }

    /** The connections that stand, between these processes. */
    List<SimConnection> standing(SimProcess one, SimProcess other) {
        return connections.stream()
                .filter(connection -> connection.isOpen() && connection.uses(one) && connection.uses(other))
                .toList();
    }

    void processDied(SimProcess process, boolean withMachine) {
        List.copyOf(connections).forEach(connection -> connection.processDied(process, withMachine));
    }

    /** What becomes of a frame. */
    byte[] onTheWay(SimProcess sender, byte[] frame) {
        byte[] bytes = frame;
        if (sender.wireVersion() != 1) {
            bytes[SimulatedLanes.VERSION_AT] = (byte) sender.wireVersion();
        }
        if (flipOneIn > 0 && sim.oneIn(flipOneIn)) {
            bytes[sim.random.nextInt(bytes.length)] ^= (byte) (1 << sim.random.nextInt(8));
        } else if (duplicateOneIn > 0 && sim.oneIn(duplicateOneIn) && isAboutVm(frame)) {
            bytes = new byte[frame.length * 2];
            System.arraycopy(frame, 0, bytes, 0, frame.length);
            System.arraycopy(frame, 0, bytes, frame.length, frame.length);
        }
        return bytes;
    }

    private static boolean isAboutVm(byte[] frame) {
        return frame.length >= SimulatedLanes.HEADER_BYTES
                && frame[SimulatedLanes.TYPE_AT] >= SimulatedLanes.FIRST_VM_TYPE;
    }
}
