package org.openvrg.qemu.guard;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.libvirt.LibvirtAddress;
import org.openvrg.qemu.wire.Wire;

/**
 * The guard's connection to one monitor, agreed on out-of-band execution and kept open: when it is needed the QEMU may
 * not be able to agree on anything. It sends {@code yank} and nothing else. Where there is no such execution, through
 * libvirt, it asks in band, for one node at a time, and waits for the answer. One thread reads; one yanks.
 */
final class GuardMonitor implements AutoCloseable {
    private static final int MAX_LINE_BYTES = 1 << 20;
    private static final long RETRY_MILLIS = 1_000;
    private static final String AGREE = "{\"execute\":\"qmp_capabilities\",\"id\":\"guard-agree\"";
    private static final String OUT_OF_BAND = ",\"arguments\":{\"enable\":[\"oob\"]}";
    private static final String END = "}\r\n";
    private static final Pattern YANKED = Pattern.compile("\"id\"\\s*:\\s*\"guard-yank-(\\d{1,18})\"");

    private final String endpoint;
    private final Optional<SSLContext> tls;
    private final Thread thread;
    private volatile boolean closed;
    private volatile Optional<Wire> agreed = Optional.empty();
    private volatile Optional<Wire> open = Optional.empty();
    private volatile boolean inBand;
    /** Nodes that shall be asked for in band, in turn. */
    private final Set<String> wanted = new LinkedHashSet<>();
    /** Nodes that are cut off, as far as was asked for in band. */
    private final Set<String> answered = new HashSet<>();
    /** The question in band that is open, and its node, empty once nobody wants to know any more. */
    private Optional<Long> asked = Optional.empty();

    private String askedFor = "";
    private long lastYank;

    GuardMonitor(String endpoint, Optional<SSLContext> tls) {
        this.endpoint = endpoint;
        this.tls = tls;
        this.thread = new Thread(this::run, "guard-" + Endpoint.shown(endpoint));
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Asks the QEMU to cut a node off. False where that can't be said: there is no connection, or what was asked for in
     * band has no answer yet; the next call looks again.
     */
    synchronized boolean yank(String node) {
        Optional<Wire> link = agreed;
        if (inBand && answered.remove(node)) {
            return true;
        }
        if (link.isEmpty()) {
            return false;
        }
        try {
            if (inBand) {
                if (asked.isEmpty() || !askedFor.equals(node)) {
                    wanted.add(node);
                }
                askNext(link.get());
                return false;
            }
            lastYank++;
            write(link.get(), yank("exec-oob", node));
            return true;
        } catch (IOException e) {
            Guard.say("the monitor " + Endpoint.shown(endpoint) + " took no yank: " + e.getMessage());
            return false;
        }
    }

    private String yank(String how, String node) {
        return "{\"" + how + "\":\"yank\",\"id\":\"guard-yank-" + lastYank
                + "\",\"arguments\":{\"instances\":[{\"type\":\"block-node\",\"node-name\":\"" + node + "\"}]}" + END;
    }

    /** Asks for the next node in band, unless a question is open. */
    private void askNext(Wire link) throws IOException {
        if (asked.isEmpty() && !wanted.isEmpty()) {
            askedFor = wanted.iterator().next();
            wanted.remove(askedFor);
            lastYank++;
            asked = Optional.of(lastYank);
            write(link, yank("execute", askedFor));
        }
    }

    /** An answer that a node is cut off, or not there, is of no interest any more. */
    synchronized void forget(String node) {
        answered.remove(node);
        wanted.remove(node);
        if (askedFor.equals(node)) {
            askedFor = "";
        }
    }

    private synchronized void take(String answer, Wire link) throws IOException {
        Matcher yanked = YANKED.matcher(answer);
        if (!yanked.find()) {
            return;
        }
        if (answer.contains("\"error\"")) {
            Guard.say("the monitor " + Endpoint.shown(endpoint) + " refused to yank: " + answer.trim());
        }
        if (asked.isPresent() && asked.get() == Long.parseLong(yanked.group(1))) {
            asked = Optional.empty();
            if (!askedFor.isEmpty()) {
                answered.add(askedFor);
            }
            askNext(link);
        }
    }

    private synchronized void reset() {
        agreed = Optional.empty();
        open = Optional.empty();
        asked = Optional.empty();
        askedFor = "";
        wanted.clear();
        answered.clear();
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
                reset();
            }
            if (!closed && !pause()) {
                return;
            }
        }
    }

    private Wire wire() throws IOException {
        if (LibvirtAddress.isWord(endpoint)) {
            return LibvirtAddress.parse(endpoint).wire(tls);
        }
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
                    inBand = !text.contains("\"oob\"");
                    write(link, AGREE + (inBand ? "" : OUT_OF_BAND) + END);
                } else if (text.contains("\"guard-agree\"") && text.contains("\"return\"")) {
                    agreed = Optional.of(link);
                    Guard.say(Guard.READY + Endpoint.shown(endpoint));
                } else {
                    take(text, link);
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
