package org.openvrg.qemu.guard;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.wire.Wire;

/**
 * The guard's connection to one monitor, agreed on out-of-band execution and kept open: when it is needed the QEMU may
 * not be able to agree on anything. It sends {@code yank} and nothing else. One thread reads; any may yank.
 */
final class GuardMonitor implements AutoCloseable {
    private static final int MAX_LINE_BYTES = 1 << 20;
    private static final long RETRY_MILLIS = 1_000;
    private static final String AGREE =
            "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}," + "\"id\":\"guard-agree\"}\r\n";

    private final String endpoint;
    private final Optional<SSLContext> tls;
    private final Thread thread;
    private volatile boolean closed;
    private volatile Optional<Wire> agreed = Optional.empty();
    private volatile Optional<Wire> open = Optional.empty();

    GuardMonitor(String endpoint, Optional<SSLContext> tls) {
        this.endpoint = endpoint;
        this.tls = tls;
        this.thread = new Thread(this::run, "guard-" + Endpoint.shown(endpoint));
        thread.setDaemon(true);
        thread.start();
    }

    /** Asks the QEMU to cut a node off; false where there is no connection. */
    boolean yank(String node) {
        Optional<Wire> link = agreed;
        if (link.isEmpty()) {
            return false;
        }
        try {
            write(
                    link.get(),
                    "{\"exec-oob\":\"yank\",\"arguments\":{\"instances\":[{\"type\":\"block-node\","
                            + "\"node-name\":\"" + node + "\"}]},\"id\":\"guard-yank\"}\r\n");
            return true;
        } catch (IOException e) {
            Guard.say("the monitor " + Endpoint.shown(endpoint) + " took no yank: " + e.getMessage());
            return false;
        }
    }

    private void run() {
        while (!closed) {
            try (Wire link = wire()) {
                open = Optional.of(link);
                link.connect();
                serve(link);
            } catch (IOException e) {
                if (!closed && agreed.isPresent()) {
                    Guard.say("the monitor " + Endpoint.shown(endpoint) + " is gone: " + e.getMessage());
                }
            } finally {
                agreed = Optional.empty();
                open = Optional.empty();
            }
            if (!closed && !pause()) {
                return;
            }
        }
    }

    private Wire wire() throws IOException {
        Optional<List<String>> command = Endpoint.command(endpoint);
        return command.isPresent() ? Wire.ofCommand(command.get()) : Wire.ofSocket(Endpoint.parse(endpoint), tls);
    }

    private boolean pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static void write(Wire link, String text) throws IOException {
        link.write(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Agrees, and then reads until the end, because a QEMU whose answers nobody takes stops listening. */
    private void serve(Wire link) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        byte[] buffer = new byte[4096];
        boolean greeted = false;
        for (int got = link.read(buffer); got >= 0; got = link.read(buffer)) {
            for (int i = 0; i < got; i++) {
                if (buffer[i] != '\n') {
                    line.write(buffer[i]);
                    continue;
                }
                String text = line.toString(StandardCharsets.UTF_8);
                line.reset();
                if (!greeted && text.contains("\"QMP\"")) {
                    greeted = true;
                    write(link, AGREE);
                } else if (text.contains("\"guard-agree\"") && text.contains("\"return\"")) {
                    agreed = Optional.of(link);
                    Guard.say(Guard.READY + Endpoint.shown(endpoint));
                } else if (text.contains("\"guard-yank\"") && text.contains("\"error\"")) {
                    Guard.say("the monitor " + Endpoint.shown(endpoint) + " refused to yank: " + text.trim());
                }
            }
            if (line.size() > MAX_LINE_BYTES) {
                throw new IOException("it sent a line of more than " + MAX_LINE_BYTES + " bytes");
            }
        }
        throw new IOException("it closed the connection");
    }

    @Override
    public void close() {
        closed = true;
        Optional<Wire> link = open;
        try {
            if (link.isPresent()) {
                link.get().close();
            }
        } catch (IOException e) {
            Guard.say("the monitor " + Endpoint.shown(endpoint) + " can't be closed: " + e.getMessage());
        }
        thread.interrupt();
    }
}
