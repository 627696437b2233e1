package org.openvrg.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.LaneSettings;
import org.openvrg.wire.SimulatedLanes;

/**
 * A TCP connection between two processes: bytes in order, in pieces of any length, with delay and a bounded buffer for
 * each direction. It can be cut at any byte, or go silent with both ends open.
 */
final class SimConnection {
    private static final int BUFFER_BYTES = 128 * 1024;
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final LaneSettings SETTINGS =
            new LaneSettings(1000, 4000, 4000, 5000, 0, 256 * 1024, 128 * 1024, 64, 2);

    private final Sim sim;
    private final SimNetwork network;
    private final End first;
    private final End second;
    private long cutAfterBytes = Long.MAX_VALUE;
    private boolean broken;

    SimConnection(SimNetwork network, SimProcess client, SimProcess server) {
        this.sim = network.sim;
        this.network = network;
        this.first = new End(client);
        this.second = new End(server);
        first.other = second;
        second.other = first;
    }

    /** Makes both lanes; the listeners hear of it. */
    void open(LaneListener client, LaneListener server, String clientFingerprint, String serverFingerprint) {
        second.start(server, clientFingerprint);
        first.start(client, serverFingerprint);
    }

    boolean isOpen() {
        return !broken && (first.channel.isOpen() || second.channel.isOpen());
    }

    boolean uses(SimProcess process) {
        return first.process == process || second.process == process;
    }

    /** Both ends see the connection end after so many more bytes. */
    void cutAfter(long bytes) {
        cutAfterBytes = bytes;
        if (bytes == 0) {
            cut();
        }
    }

    private void cut() {
        if (!broken) {
            broken = true;
            first.end();
            second.end();
        }
    }

    /** Nothing arrives any more, in one direction or both; nobody is told. */
    void silence(boolean fromClient, boolean fromServer) {
        first.silent |= fromClient;
        second.silent |= fromServer;
    }

    /** A process is gone; its machine sends what is in the socket, then closes, unless it is gone as well. */
    void processDied(SimProcess process, boolean withMachine) {
        for (End end : new End[] {first, second}) {
            if (end.process == process) {
                if (withMachine) {
                    silence(true, true);
                }
                end.closeChannel();
            }
        }
    }

    /** One end: the channel with the lane on it, and what it has sent that did not arrive yet. */
    private final class End {
        private final SimProcess process;
        private final Deque<byte[]> sent = new ArrayDeque<>();
        private final SimChannel channel;
        private End other;
        private int sentBytes;
        private boolean silent;
        private boolean delivering;
        private boolean closing;

        End(SimProcess process) {
            this.process = process;
            this.channel = new SimChannel(this);
        }

        void start(LaneListener listener, String peerFingerprint) {
            SimulatedLanes.open(channel, listener, SETTINGS, peerFingerprint);
            sim.after(TICK_NANOS, process, Pool.NETWORK, this::tick);
        }

        private void tick() {
            if (channel.isOpen()) {
                channel.runScheduledPendingTasks();
                sim.after(TICK_NANOS, process, Pool.NETWORK, this::tick);
            }
        }

        Sim clock() {
            return sim;
        }

        boolean hasRoom() {
            return sentBytes < BUFFER_BYTES;
        }

        void send(byte[] frame) {
            if (!other.channel.isOpen() || broken) {
                return;
            }
            byte[] bytes = network.onTheWay(process, frame);
            sent.add(bytes);
            sentBytes += bytes.length;
            plan();
        }

        /** The end was closed: what is under way arrives, then the other end is told. */
        void closed() {
            closing = true;
            plan();
        }

        void plan() {
            if (!delivering && !(sent.isEmpty() && !closing)) {
                delivering = true;
                sim.after(network.delayNanos(), this::deliver);
            }
        }

        private void deliver() {
            delivering = false;
            if (silent || broken) {
                sent.clear();
                sentBytes = 0;
                return;
            }
            if (sent.isEmpty()) {
                if (closing) {
                    other.end();
                }
                return;
            }
            if (!other.process.alive() || !other.channel.isOpen()) {
                sent.clear();
                sentBytes = 0;
                return;
            }
            if (other.process.isFrozen(Pool.NETWORK) || !other.channel.config().isAutoRead()) {
                return; // told when it reads again
            }
            byte[] bytes = piece();
            if (cutAfterBytes != Long.MAX_VALUE) {
                if (cutAfterBytes < bytes.length) {
                    bytes = java.util.Arrays.copyOf(bytes, (int) cutAfterBytes);
                    sim.after(0, SimConnection.this::cut);
                }
                cutAfterBytes -= Math.min(cutAfterBytes, bytes.length);
            }
            other.receive(bytes);
            sim.after(0, process, Pool.NETWORK, this::roomAgain);
            plan();
        }

        private void roomAgain() {
            if (channel.isOpen()) {
                channel.flush();
            }
        }

        /** What arrives at once: mostly a whole frame, else some bytes of it. */
        private byte[] piece() {
            byte[] bytes = sent.remove();
            if (bytes.length > 1 && sim.oneIn(16)) {
                int split = 1 + sim.random.nextInt(bytes.length - 1);
                sent.addFirst(java.util.Arrays.copyOfRange(bytes, split, bytes.length));
                bytes = java.util.Arrays.copyOf(bytes, split);
            }
            sentBytes -= bytes.length;
            return bytes;
        }

        private void receive(byte[] bytes) {
            try {
                if (bytes.length > 0) {
                    channel.writeInbound(Unpooled.wrappedBuffer(bytes));
                }
            } catch (Death death) {
                sim.trace(death::getMessage);
            }
        }

        private void end() {
            if (process.alive()) {
                closeChannel();
            }
        }

        private void closeChannel() {
            if (channel.isOpen()) {
                channel.close();
            }
        }
    }

    /** A channel without a network of its own. */
    private static final class SimChannel extends EmbeddedChannel {
        private final End end;

        SimChannel(End end) {
            super(EmbeddedChannel.builder().ticker(new SimTicker(end.clock())));
            this.end = end;
        }

        @Override
        protected void doWrite(ChannelOutboundBuffer in) {
            Object message = in.current();
            while (message instanceof ByteBuf bytes && (!bytes.isReadable() || end.hasRoom())) {
                if (bytes.isReadable()) {
                    byte[] frame = new byte[bytes.readableBytes()];
                    bytes.readBytes(frame);
                    end.send(frame);
                }
                in.remove();
                message = in.current();
            }
        }

        @Override
        protected void doBeginRead() {
            if (end != null) {
                end.other.plan();
            }
        }

        @Override
        protected void doClose() throws Exception {
            super.doClose();
            end.closed();
        }
    }

    private record SimTicker(Sim sim) implements Ticker {
        @Override
        public long initialNanoTime() {
            return 0;
        }

        @Override
        public long nanoTime() {
            return sim.nowNanos();
        }

        @Override
        public void sleep(long delay, TimeUnit unit) {
            throw new UnsupportedOperationException("nobody sleeps in the simulator");
        }
    }
}
