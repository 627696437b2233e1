package org.openvrg.qemu.qmp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.openvrg.qemu.qmp.QmpException.Kind;
import org.openvrg.qemu.wire.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to a monitor of QEMU or of its storage daemon, by the QEMU Machine Protocol (QEMU's
 * {@code docs/interop/qmp-spec}): one JSON object a line. Any thread may execute commands, several at once. Each has a
 * deadline; the answer to one that missed it is dropped when it comes. A connection that broke stays broken.
 *
 * <p>Where the monitor offers out-of-band execution it is agreed on, so that a {@code yank} gets through while a command
 * in band hangs. At most {@value #MAX_IN_BAND} commands wait in band, because a monitor whose queue is full reads
 * nothing more, out of band or not.
 */
public final class QmpClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QmpClient.class);
    /** Longest line of a monitor: the graph of a VM with hundreds of nodes is a tenth of it. */
    public static final int MAX_LINE_BYTES = 8 << 20;
    /** Longest command. */
    static final int MAX_COMMAND_BYTES = 256 << 10;
    /** Commands that may wait for their answers in band; QEMU's queue holds 8. */
    static final int MAX_IN_BAND = 4;

    static final int MAX_OUT_OF_BAND = 8;
    /** Deadline of a command that is given none. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    private static final String OOB = "oob";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final QmpAddress address;
    private final Wire wire;
    private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
    private final BlockingQueue<byte[]> outgoing = new ArrayBlockingQueue<>(MAX_IN_BAND + MAX_OUT_OF_BAND);
    private final Map<String, Waiting> waiting = new ConcurrentHashMap<>();
    private final List<QmpListener> listeners = new CopyOnWriteArrayList<>();
    private final Semaphore inBand = new Semaphore(MAX_IN_BAND);
    private final Semaphore outOfBand = new Semaphore(MAX_OUT_OF_BAND);
    private final AtomicLong lastId = new AtomicLong();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Thread reader;
    private final Thread writer;
    private volatile Optional<QmpException> end = Optional.empty();
    private volatile boolean oob;

    /** A command whose answer has not come. */
    private record Waiting(String command, Semaphore permit, CompletableFuture<JsonNode> answer) {}

    private QmpClient(QmpAddress address, QmpListener listener) throws QmpException {
        this.address = address;
        listeners.add(listener);
        try {
            this.wire = address.wire();
        } catch (IOException e) {
            throw new QmpException(Kind.CONNECTION, "no socket for the monitor " + address, e);
        }
        this.reader = new Thread(this::read, "vrg-qmp-read-" + address);
        this.writer = new Thread(this::write, "vrg-qmp-write-" + address);
        reader.setDaemon(true);
        writer.setDaemon(true);
    }

    /** Connects without listening to events. */
    public static QmpClient open(QmpAddress address) throws QmpException {
        return open(address, DEFAULT_TIMEOUT, QmpListener.NONE);
    }

    /**
     * Connects, and agrees on capabilities.
     *
     * @param timeout for all of it; a monitor that serves another client accepts and says nothing
     * @param listener hears every event, from the first on
     */
    public static QmpClient open(QmpAddress address, Duration timeout, QmpListener listener) throws QmpException {
        QmpClient client = new QmpClient(address, listener);
        boolean done = false;
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            client.reader.start();
            JsonNode hello = client.await(client.greeting, "the greeting", timeout);
            client.writer.start();
            boolean offered = false;
            for (JsonNode capability : hello.path("QMP").path("capabilities")) {
                offered |= OOB.equals(capability.asText());
            }
            ObjectNode arguments = JsonNodeFactory.instance.objectNode();
            if (offered) {
                arguments.putArray("enable").add(OOB);
            }
            client.execute("qmp_capabilities", arguments, Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            client.oob = offered;
            done = true;
            return client;
        } finally {
            if (!done) {
                client.close();
            }
        }
    }

    /** An empty object, to be filled with a command's arguments. */
    public static ObjectNode arguments() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** Whom the connection leads to. */
    public QmpAddress address() {
        return address;
    }

    /** Whether commands can be executed out of band. */
    public boolean hasOutOfBand() {
        return oob;
    }

    /** Whether the connection still stands, as far as is known. */
    public boolean isOpen() {
        return !ended.get();
    }

    /** Adds a listener. */
    public void addListener(QmpListener listener) {
        listeners.add(listener);
    }

    /** Removes a listener; a call of it may still be under way. */
    public void removeListener(QmpListener listener) {
        listeners.remove(listener);
    }

    /** Executes a command without arguments. */
    public JsonNode execute(String command) throws QmpException {
        return execute(command, arguments(), DEFAULT_TIMEOUT);
    }

    /** Executes a command. */
    public JsonNode execute(String command, ObjectNode arguments) throws QmpException {
        return execute(command, arguments, DEFAULT_TIMEOUT);
    }

    /**
     * Executes a command in band, in the order in which the monitor got it.
     *
     * @return the member {@code return} of the answer
     * @throws QmpException {@link Kind#REFUSED} with the monitor's error, else nobody knows whether it was executed
     */
    public JsonNode execute(String command, ObjectNode arguments, Duration timeout) throws QmpException {
        return execute("execute", command, arguments, timeout, inBand);
    }

    /**
     * Executes a command past those that wait in band; the monitor allows it for some, {@code yank} for example.
     *
     * @throws QmpException as {@link #execute(String, ObjectNode, Duration)}, and where the monitor has not agreed
     */
    public JsonNode executeOutOfBand(String command, ObjectNode arguments, Duration timeout) throws QmpException {
        if (!oob) {
            throw new QmpException(Kind.PROTOCOL, "the monitor " + address + " executes nothing out of band");
        }
        return execute("exec-oob", command, arguments, timeout, outOfBand);
    }

    private JsonNode execute(String how, String command, ObjectNode arguments, Duration timeout, Semaphore permits)
            throws QmpException {
        if (Thread.currentThread().equals(reader)) {
            throw new IllegalStateException("a listener of events must not execute commands");
        }
        long deadline = System.nanoTime() + timeout.toNanos();
        String id = "vrg-" + lastId.incrementAndGet();
        ObjectNode message = arguments().put(how, command).put("id", id);
        if (!arguments.isEmpty()) {
            message.set("arguments", arguments);
        }
        byte[] line = (message + "\r\n").getBytes(StandardCharsets.UTF_8);
        if (line.length > MAX_COMMAND_BYTES) {
            throw new QmpException(Kind.PROTOCOL, command + " would have " + line.length + " bytes");
        }
        acquire(permits, command, timeout);
        Waiting mine = new Waiting(command, permits, new CompletableFuture<>());
        waiting.put(id, mine);
        // the queue has a place for every permit
        if (!outgoing.offer(line) || ended.get()) {
            drop(id, end.orElseGet(() -> new QmpException(Kind.CONNECTION, "the connection is closed")));
        }
        return await(mine.answer(), command, Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
    }

    private void acquire(Semaphore permits, String command, Duration timeout) throws QmpException {
        try {
            if (!permits.tryAcquire(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new QmpException(
                        Kind.TIMEOUT, command + " waited for earlier commands at the monitor " + address + " in vain");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QmpException(Kind.TIMEOUT, command + " was interrupted", e);
        }
    }

    private <T> T await(CompletableFuture<T> answer, String what, Duration timeout) throws QmpException {
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QmpException(Kind.TIMEOUT, what + " was interrupted", e);
        } catch (TimeoutException e) {
            throw new QmpException(
                    Kind.TIMEOUT,
                    "the monitor " + address + " did not answer " + what + " within " + timeout.toMillis() + " ms",
                    e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof QmpException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Closes at once; commands under way fail. Waits for nothing. */
    @Override
    public void close() {
        finish(new QmpException(Kind.CONNECTION, "the connection to the monitor " + address + " was closed"));
    }

    private void finish(QmpException reason) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        end = Optional.of(reason);
        try {
            wire.close();
        } catch (IOException e) {
            LOG.warn("The socket of the monitor {} can't be closed: {}", address, e.getMessage());
        }
        writer.interrupt();
        greeting.completeExceptionally(reason);
        for (String id : new ArrayList<>(waiting.keySet())) {
            drop(id, reason);
        }
    }

    private void drop(String id, QmpException reason) {
        Waiting dropped = waiting.remove(id);
        if (dropped != null) {
            dropped.permit().release();
            dropped.answer().completeExceptionally(reason);
        }
    }

    private void write() {
        try {
            while (!ended.get()) {
                wire.write(outgoing.take());
            }
        } catch (IOException e) {
            finish(broken(e));
        } catch (InterruptedException e) {
            // only the end of the connection interrupts
            Thread.currentThread().interrupt();
        }
    }

    private void read() {
        try {
            wire.connect();
            LineReader lines = new LineReader(wire, MAX_LINE_BYTES);
            JsonNode hello = parse(lines.next());
            if (!hello.path("QMP").isObject()) {
                throw new QmpException(Kind.PROTOCOL, "the other end of " + address + " greets in no monitor's way");
            }
            greeting.complete(hello);
            while (!ended.get()) {
                String line = lines.next();
                if (!line.isBlank()) {
                    take(parse(line));
                }
            }
        } catch (IOException e) {
            finish(broken(e));
        } catch (QmpException e) {
            finish(e);
        } catch (RuntimeException e) {
            LOG.error("The connection to the monitor {} failed", address, e);
            finish(new QmpException(Kind.PROTOCOL, "the connection to the monitor " + address + " failed", e));
        } finally {
            String reason = end.map(Throwable::getMessage).orElse("the connection was closed");
            tell(listener -> listener.closed(reason));
        }
    }

    private QmpException broken(IOException cause) {
        return new QmpException(
                Kind.CONNECTION, "no connection to the monitor " + address + ": " + cause.getMessage(), cause);
    }

    private JsonNode parse(String line) throws QmpException {
        try {
            JsonNode node = JSON.readTree(line);
            if (node.isObject()) {
                return node;
            }
        } catch (JsonProcessingException e) {
            throw new QmpException(Kind.PROTOCOL, "the monitor " + address + " sent what is not JSON", e);
        }
        throw new QmpException(Kind.PROTOCOL, "the monitor " + address + " sent what is no object");
    }

    private void take(JsonNode message) throws QmpException {
        if (message.has("event")) {
            JsonNode data = message.has("data") ? message.get("data") : MissingNode.getInstance();
            QmpEvent event = new QmpEvent(message.get("event").asText(), data);
            tell(listener -> listener.event(event));
            return;
        }
        Waiting answered = waiting.remove(message.path("id").asText());
        boolean isError = message.path("error").isObject();
        if (answered == null || (!isError && !message.has("return"))) {
            throw new QmpException(
                    Kind.PROTOCOL, "the monitor " + address + " sent an answer to nothing that was asked");
        }
        answered.permit().release();
        if (isError) {
            JsonNode error = message.get("error");
            answered.answer()
                    .completeExceptionally(QmpException.refused(
                            answered.command(),
                            error.path("class").asText("GenericError"),
                            error.path("desc").asText("no reason given")));
        } else {
            answered.answer().complete(message.get("return"));
        }
    }

    private void tell(java.util.function.Consumer<QmpListener> call) {
        for (QmpListener listener : listeners) {
            try {
                call.accept(listener);
            } catch (RuntimeException e) {
                LOG.error("A listener of the monitor {} failed", address, e);
            }
        }
    }
}
