package org.openvrg.itests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A TCP proxy on loopback that can cut, stall, delay, slow down, lose bytes and count. Cutting resets every connection
 * and refuses new ones until {@link #restore}; stalling keeps connections open but passes nothing on. Thread-safe.
 */
public final class Proxy implements AutoCloseable {
    private static final int BUFFER_BYTES = 64 * 1024;

    /** What may be on its way at once while bytes are delayed. */
    private static final int DELAYED_BUFFERS = 256;

    private final ServerSocket server;
    private final int target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Set<Socket> abandoned = ConcurrentHashMap.newKeySet();
    private final Set<Socket> held = ConcurrentHashMap.newKeySet();
    private final AtomicLong toLose = new AtomicLong();
    private final ReentrantLock pace = new ReentrantLock();
    private long nextNanos;
    private volatile long delayNanos;
    private volatile long bytesPerSecond;
    private final AtomicLong forward = new AtomicLong();
    private final AtomicLong backward = new AtomicLong();
    private final AtomicLong connections = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moved = lock.newCondition();
    private boolean stalled;
    private boolean cut;
    private boolean closed;

    /**
     * Listens on a free port of its own.
     *
     * @param target port on loopback where connections go
     */
    public Proxy(int target) throws IOException {
        this.target = target;
        this.server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        daemon("proxy-accept-" + target, this::accept);
    }

    /** The port to connect to. */
    public int port() {
        return server.getLocalPort();
    }

    /** Bytes that went from those who connected to the target. */
    public long forwardBytes() {
        return forward.get();
    }

    /** Bytes that came back from the target. */
    public long backwardBytes() {
        return backward.get();
    }

    /** Connections that were ever made through it: one more tells that a lane was interrupted. */
    public long connections() {
        return connections.get();
    }

    /** Connections that are open now. */
    public int openConnections() {
        return sockets.size() / 2;
    }

    /** Resets every connection and refuses new ones. */
    public void cut() {
        set(true, false);
        resetAll();
    }

    /** Resets every connection; new ones are welcome. */
    public void reset() {
        resetAll();
    }

    /** Keeps connections open and accepts new ones, but passes nothing on. */
    public void stall() {
        set(false, true);
    }

    /** Works again, with connections that were not abandoned. */
    public void restore() {
        delayNanos = 0;
        bytesPerSecond = 0;
        toLose.set(0);
        set(false, false);
    }

    /** Bytes take so much longer in each direction, in their order; what is new on the way is delayed from here on. */
    public void delay(Duration duration) {
        delayNanos = duration.toNanos();
    }

    /** So many bytes per second pass at most, both directions and all connections together. */
    public void limit(long mostBytesPerSecond) {
        bytesPerSecond = mostBytesPerSecond;
    }

    /** The next so many bytes of the forward direction vanish, what comes behind them does not. */
    public void lose(long bytes) {
        toLose.set(bytes);
    }

    /** Leaves every present connection half-open for ever: neither end is told, nothing passes. New ones work. */
    public void abandon() {
        abandoned.addAll(sockets);
    }

    /** Keeps back what present connections carry, until {@link #deliver}; new ones work. Ends are not closed. */
    public void hold() {
        held.addAll(sockets);
    }

    /** What was kept back goes on, late, as far as the other end still takes it. */
    public void deliver() {
        lock.lock();
        try {
            held.clear();
            moved.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void set(boolean nowCut, boolean nowStalled) {
        lock.lock();
        try {
            cut = nowCut;
            stalled = nowStalled;
            moved.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        while (true) {
            try {
                Socket client = server.accept();
                if (!open(client)) {
                    return;
                }
            } catch (IOException e) {
                return; // the listening socket was closed
            }
        }
    }

    /** Starts a connection; false when the proxy is closed. */
    private boolean open(Socket client) {
        lock.lock();
        try {
            if (closed || cut) {
                abort(client);
                return !closed;
            }
        } finally {
            lock.unlock();
        }
        try {
            Socket upstream = new Socket(InetAddress.getLoopbackAddress(), target);
            client.setTcpNoDelay(true);
            upstream.setTcpNoDelay(true);
            sockets.add(client);
            sockets.add(upstream);
            connections.incrementAndGet();
            daemon("proxy-forward", () -> pump(client, upstream, forward));
            daemon("proxy-backward", () -> pump(upstream, client, backward));
        } catch (IOException e) {
            abort(client); // nobody listens at the target
        }
        return true;
    }

    private void pump(Socket from, Socket to, AtomicLong count) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try (from;
                to;
                Late late = new Late(to)) {
            InputStream in = from.getInputStream();
            int length = in.read(buffer);
            while (length >= 0) {
                awaitMoving(from);
                awaitTurn(length);
                if (abandoned.contains(from)) {
                    length = in.read(buffer); // swallowed: the end that sends must not notice
                    continue;
                }
                int lost = count == forward ? lost(length) : 0;
                late.write(buffer, lost, length - lost);
                count.addAndGet(length);
                length = in.read(buffer);
            }
            late.drain();
        } catch (IOException e) {
            abort(from); // one end went away: so does the other
            abort(to);
        } finally {
            sockets.remove(from);
            sockets.remove(to);
            abandoned.remove(from);
            abandoned.remove(to);
        }
    }

    private int lost(int length) {
        long before = toLose.getAndUpdate(left -> Math.max(0, left - length));
        return (int) Math.min(before, length);
    }

    /** Waits for the share of the bandwidth that bytes need. */
    private void awaitTurn(int bytes) {
        long rate = bytesPerSecond;
        if (rate <= 0) {
            return;
        }
        long until;
        pace.lock();
        try {
            long now = System.nanoTime();
            nextNanos = (nextNanos - now < 0 ? now : nextNanos) + bytes * TimeUnit.SECONDS.toNanos(1) / rate;
            until = nextNanos;
        } finally {
            pace.unlock();
        }
        while (until - System.nanoTime() > 0 && bytesPerSecond > 0) {
            LockSupport.parkNanos(Math.min(until - System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(20)));
        }
    }

    /** Writes to a socket, at once or after {@link #delay}; what was delayed keeps its place. */
    private final class Late implements AutoCloseable {
        private final OutputStream out;
        private final BlockingQueue<Piece> queue = new ArrayBlockingQueue<>(DELAYED_BUFFERS);
        private final AtomicInteger waiting = new AtomicInteger();
        private volatile boolean ended;
        private volatile boolean broken;
        private boolean started;

        private record Piece(byte[] bytes, long dueNanos) {}

        Late(Socket to) throws IOException {
            out = to.getOutputStream();
        }

        void write(byte[] buffer, int from, int length) throws IOException {
            if (broken) {
                throw new IOException("the other end went away");
            }
            if (delayNanos == 0 && waiting.get() == 0) {
                out.write(buffer, from, length);
                return;
            }
            if (!started) {
                started = true;
                daemon("proxy-late", this::run);
            }
            waiting.incrementAndGet();
            Piece piece = new Piece(Arrays.copyOfRange(buffer, from, from + length), System.nanoTime() + delayNanos);
            try {
                queue.put(piece);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }

        private void run() {
            try {
                while (!ended) {
                    Piece piece = queue.poll(1, TimeUnit.SECONDS);
                    if (piece == null) {
                        continue;
                    }
                    while (piece.dueNanos() - System.nanoTime() > 0 && delayNanos > 0) {
                        LockSupport.parkNanos(
                                Math.min(piece.dueNanos() - System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(20)));
                    }
                    out.write(piece.bytes());
                    waiting.decrementAndGet();
                }
            } catch (IOException e) {
                broken = true;
                queue.clear();
                waiting.set(0);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** The end of the stream came: what is delayed still goes out. */
        void drain() {
            while (waiting.get() > 0 && !broken) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }

        @Override
        public void close() {
            ended = true;
        }
    }

    private void awaitMoving(Socket from) throws IOException {
        lock.lock();
        try {
            while ((stalled || held.contains(from)) && !closed) {
                moved.awaitUninterruptibly();
            }
            if (closed || cut) {
                throw new IOException("cut");
            }
        } finally {
            lock.unlock();
        }
    }

    private void resetAll() {
        sockets.forEach(Proxy::abort);
    }

    /** Closes with RST, as a broken path does, not with FIN. */
    private static void abort(Socket socket) {
        try (socket) {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            return; // closed already
        }
    }

    private static void daemon(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            closed = true;
            moved.signalAll();
        } finally {
            lock.unlock();
        }
        server.close();
        resetAll();
    }
}
