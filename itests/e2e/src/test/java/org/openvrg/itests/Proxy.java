package org.openvrg.itests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A TCP proxy on loopback that can cut, stall and count. Cutting resets every connection and refuses new ones until
 * {@link #restore}; stalling keeps connections open but passes nothing on. Thread-safe.
 */
public final class Proxy implements AutoCloseable {
    private static final int BUFFER_BYTES = 64 * 1024;

    private final ServerSocket server;
    private final int target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
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

    /** Works again. */
    public void restore() {
        set(false, false);
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
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            int length = in.read(buffer);
            while (length >= 0) {
                awaitMoving();
                out.write(buffer, 0, length);
                count.addAndGet(length);
                length = in.read(buffer);
            }
        } catch (IOException e) {
            abort(from); // one end went away: so does the other
            abort(to);
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    private void awaitMoving() throws IOException {
        lock.lock();
        try {
            while (stalled && !closed) {
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
