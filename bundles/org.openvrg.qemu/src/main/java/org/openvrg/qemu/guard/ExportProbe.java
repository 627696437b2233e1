package org.openvrg.qemu.guard;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * Asks an NBD server for an export, again and again, on a thread of its own ({@code NBD_OPT_INFO}, NBD protocol
 * document). Every answer is one, a refusal too: what counts is only for how long a question has had none.
 */
final class ExportProbe implements AutoCloseable {
    private static final long PAUSE_MILLIS = 500;
    private static final long NBD_MAGIC = 0x4e42444d41474943L;
    private static final long OPTION_MAGIC = 0x49484156454F5054L;
    private static final int OPT_ABORT = 2;
    private static final int OPT_INFO = 6;
    private static final int FIXED_NEWSTYLE = 1;
    private static final long NONE = Long.MIN_VALUE;

    private final String server;
    private final Thread thread;
    private volatile String export;
    private volatile boolean closed;
    private volatile long askedNanos = NONE;

    ExportProbe(String server, String export) {
        this.server = server;
        this.export = export;
        this.thread = new Thread(this::run, "guard-probe-" + server);
        thread.setDaemon(true);
        thread.start();
    }

    /** Asks for this export from now on. */
    void ask(String name) {
        export = name;
    }

    /** For how many milliseconds the question that is open has had no answer; 0 while none is open. */
    long silentMillis() {
        long asked = askedNanos;
        return asked == NONE ? 0 : TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - asked);
    }

    private void run() {
        String last = "";
        while (!closed) {
            askedNanos = System.nanoTime();
            try (SocketChannel channel = SocketChannel.open(Endpoint.parse(server))) {
                ask(channel);
                last = "";
            } catch (IOException | RuntimeException e) {
                // a server that is gone, or refuses, does not hang anybody
                String reason = String.valueOf(e.getMessage());
                if (!closed && !reason.equals(last)) {
                    Guard.say("the gateway at " + server + ": " + reason);
                    last = reason;
                }
            } finally {
                askedNanos = NONE;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void ask(SocketChannel channel) throws IOException {
        ByteBuffer greeting = read(channel, 18);
        if (greeting.getLong() != NBD_MAGIC || greeting.getLong() != OPTION_MAGIC) {
            throw new IOException("it is no NBD server");
        }
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        ByteBuffer question = ByteBuffer.allocate(4 + 16 + 6 + name.length).putInt(FIXED_NEWSTYLE);
        question.putLong(OPTION_MAGIC).putInt(OPT_INFO).putInt(6 + name.length);
        write(channel, question.putInt(name.length).put(name).putShort((short) 0));
        read(channel, 20);
        write(
                channel,
                ByteBuffer.allocate(16).putLong(OPTION_MAGIC).putInt(OPT_ABORT).putInt(0));
    }

    private static void write(SocketChannel channel, ByteBuffer bytes) throws IOException {
        bytes.flip();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static ByteBuffer read(SocketChannel channel, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new IOException("it closed the connection");
            }
        }
        return bytes.flip();
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
