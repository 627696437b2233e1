package org.openvrg.link.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A TCP proxy that can cut its connections, or swallow what passes as a dead network does. */
final class Proxy implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private volatile int target;
    private volatile boolean refusing;
    private volatile boolean swallowing;

    Proxy(int target) throws IOException {
        this.target = target;
        threads.execute(this::acceptAll);
    }

    int port() {
        return server.getLocalPort();
    }

    void retarget(int port) {
        target = port;
    }

    /** Ends all connections and lets no new ones through until told. */
    void cut() throws IOException {
        refusing = true;
        closeAll();
    }

    void heal() {
        refusing = false;
        swallowing = false;
    }

    /** From now on connections stand but nothing passes. */
    void swallow() {
        swallowing = true;
    }

    private void closeAll() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        sockets.clear();
    }

    private void acceptAll() {
        try {
            while (!server.isClosed()) {
                Socket from = server.accept();
                if (refusing) {
                    from.close();
                    continue;
                }
                Socket to = new Socket();
                to.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 2000);
                sockets.add(from);
                sockets.add(to);
                threads.execute(() -> pump(from, to));
                threads.execute(() -> pump(to, from));
            }
        } catch (IOException e) {
            if (!server.isClosed()) {
                threads.execute(this::acceptAll);
            }
        }
    }

    private void pump(Socket from, Socket to) {
        byte[] buffer = new byte[65_536];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            int count = in.read(buffer);
            while (count >= 0) {
                if (!swallowing) {
                    out.write(buffer, 0, count);
                }
                count = in.read(buffer);
            }
        } catch (IOException e) {
            sockets.remove(from);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        closeAll();
        threads.shutdownNow();
    }
}
