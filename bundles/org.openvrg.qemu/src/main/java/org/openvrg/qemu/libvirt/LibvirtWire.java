package org.openvrg.qemu.libvirt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.wire.Wire;

/**
 * A domain's monitor as libvirt has it, in the form of a monitor of one's own: it greets, takes one command for each
 * {@link #write}, whose second member is its {@code id}, and answers in order. One command is under way at a time, as
 * libvirt's connection to QEMU has no more; and libvirt has not agreed on out-of-band execution with QEMU, so there is none.
 *
 * <p>A daemon finds domains by UUID, so a command could reach another QEMU than the last one did. Where one run of the
 * domain is meant, the daemon is asked after each command which run it is, before the answer counts; if it is another one
 * the connection ends.
 */
final class LibvirtWire implements Wire {
    /** Longest that the daemon may take for a command; then nobody knows what becomes of it, and the connection ends. */
    private static final long ANSWER_LIMIT_SECONDS = 30;

    private static final String GREETING = "{\"QMP\":{\"version\":{},\"capabilities\":[]}}";
    private static final Pattern COMMAND = Pattern.compile(
            "\\{\"execute\":\"([a-z_-]{1,64})\",\"id\":\"([a-z0-9-]{1,64})\"(.*)\\}\\s*", Pattern.DOTALL);
    /** What libvirt calls its own commands at QEMU, first or last in an answer. */
    private static final Pattern LIBVIRTS_ID = Pattern.compile(
            "^\\{\\s*\"id\"\\s*:\\s*\"libvirt-[0-9a-f]+\"\\s*,|,\\s*\"id\"\\s*:\\s*\"libvirt-[0-9a-f]+\"\\s*\\}$");

    private static final Pattern EVENT_NAME = Pattern.compile("[A-Z0-9_]{1,128}");
    private static final int MAX_QUEUED = 10_000;

    private final LibvirtRpc rpc;
    private final UUID uuid;
    private final OptionalInt run;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private final Deque<byte[]> lines = new ArrayDeque<>();
    private Optional<LibvirtDomain> domain = Optional.empty();
    private Optional<Pending> pending = Optional.empty();
    private boolean closed;
    private int taken;

    /**
     * The command that is under way.
     *
     * @param id its own
     * @param serial the call that is not answered yet
     * @param answer what the monitor said, while the daemon is asked which run of the domain that was
     */
    private record Pending(String id, int serial, Optional<String> answer) {}

    /**
     * A monitor that is not connected yet.
     *
     * @param run {@link LibvirtDomain#id} of the run that is meant; empty for whichever runs
     */
    LibvirtWire(LibvirtUri uri, UUID uuid, OptionalInt run, Optional<SSLContext> tls) throws IOException {
        this.rpc = new LibvirtRpc(uri, tls);
        this.uuid = uuid;
        this.run = run;
    }

    @Override
    public void connect() throws IOException {
        rpc.open();
        // by UUID alone: the name is the host's choice, and the daemon does not look at it
        LibvirtDomain addressed = new LibvirtDomain("-", uuid, run.orElse(-1));
        queue(GREETING);
        if (run.isPresent()) {
            checkRun(rpc.domain(uuid));
            rpc.subscribe(addressed, this::event);
        }
        lock.lock();
        try {
            domain = Optional.of(addressed);
        } finally {
            lock.unlock();
        }
    }

    private void checkRun(LibvirtDomain found) throws IOException {
        if (run.isPresent() && found.id() != run.getAsInt()) {
            throw new IOException(found.id() < 0 ? "the domain does not run any more" : "the domain was started anew");
        }
    }

    @Override
    public int read(byte[] target) throws IOException {
        while (lines.isEmpty()) {
            LibvirtRpc.Message message = rpc.next();
            if (message.isMonitorEvent()) {
                event(message);
            } else {
                answer(message);
            }
        }
        byte[] line = lines.element();
        int part = Math.min(target.length, line.length - taken);
        System.arraycopy(line, taken, target, 0, part);
        taken += part;
        if (taken == line.length) {
            lines.remove();
            taken = 0;
        }
        return part;
    }

    private void queue(String line) {
        lines.add((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private void event(LibvirtRpc.Message message) {
        if (!message.isMonitorEvent()) {
            return;
        }
        try {
            if (lines.size() >= MAX_QUEUED) {
                throw new IOException("more than " + MAX_QUEUED + " events that nobody has read");
            }
            Xdr.Reader payload = message.payload();
            payload.word();
            LibvirtDomain from = payload.domain();
            String name = payload.string();
            payload.hyper();
            payload.word();
            String details = payload.optionalString().replaceAll("\\p{Cntrl}", " ");
            if (from.uuid().equals(uuid) && EVENT_NAME.matcher(name).matches()) {
                queue("{\"event\":\"" + name + "\"" + (details.isBlank() ? "" : ",\"data\":" + details) + "}");
            }
        } catch (IOException e) {
            // whoever reads the line ends the connection, as with any monitor that talks nonsense
            queue(String.valueOf(e.getMessage()));
        }
    }

    /** Takes what the daemon says to the command that is under way. */
    private void answer(LibvirtRpc.Message message) throws IOException {
        lock.lock();
        try {
            if (pending.isEmpty() || pending.get().serial() != message.serial()) {
                return;
            }
            Pending mine = pending.get();
            if (mine.answer().isEmpty()) {
                Optional<String> said = said(message, mine.id());
                if (run.isPresent()) {
                    pending = Optional.of(new Pending(mine.id(), rpc.askDomain(uuid), said));
                    return;
                }
                queue(said.orElseThrow());
            } else {
                if (run.isPresent()) {
                    checkRun(message.result().domain());
                }
                queue(mine.answer().get());
            }
            pending = Optional.empty();
            idle.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The monitor's line, with the command's own id. */
    private Optional<String> said(LibvirtRpc.Message message, String id) throws IOException {
        if (message.failure().isPresent()) {
            if (run.isEmpty() && message.failure().get().notRunning()) {
                return Optional.of("{\"id\":\"" + id
                        + "\",\"error\":{\"class\":\"NotRunning\",\"desc\":\"the domain does not run\"}}");
            }
            throw message.failure().get();
        }
        String line = message.payload().string().replaceAll("\\p{Cntrl}", " ").strip();
        Matcher libvirts = LIBVIRTS_ID.matcher(line);
        if (!libvirts.find()) {
            throw new IOException("an answer of the monitor without libvirt's id");
        }
        String rest = line.substring(0, libvirts.start()) + line.substring(libvirts.end());
        String inner = libvirts.start() == 0 ? rest.substring(0, rest.length() - 1) : rest.substring(1);
        return Optional.of("{\"id\":\"" + id + "\"," + inner + "}");
    }

    /** Waits for the command before, and sends this one. */
    @Override
    public void write(byte[] source) throws IOException {
        Matcher command = COMMAND.matcher(new String(source, StandardCharsets.UTF_8));
        if (!command.matches()) {
            throw new IOException("not a command with its id in the second place");
        }
        String id = command.group(2);
        lock.lock();
        try {
            awaitIdle();
            LibvirtDomain to = domain.orElseThrow(() -> new IOException("not connected"));
            if (command.group(1).equals("qmp_capabilities")) {
                // libvirt has agreed with QEMU already
                String agreed = "{\"id\":\"" + id + "\",\"return\":{}}";
                pending = Optional.of(new Pending(id, rpc.askDomain(uuid), Optional.of(agreed)));
            } else {
                String text = "{\"execute\":\"" + command.group(1) + "\"" + command.group(3) + "}";
                pending = Optional.of(new Pending(id, rpc.askMonitor(to, text), Optional.empty()));
            }
        } finally {
            lock.unlock();
        }
    }

    private void awaitIdle() throws IOException {
        long left = TimeUnit.SECONDS.toNanos(ANSWER_LIMIT_SECONDS);
        try {
            while (pending.isPresent() && !closed) {
                if (left <= 0) {
                    throw new IOException("the daemon did not answer a command within " + ANSWER_LIMIT_SECONDS + " s");
                }
                left = idle.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while an earlier command is under way", e);
        }
        if (closed) {
            throw new IOException("closed");
        }
    }

    @Override
    public void close() throws IOException {
        rpc.close();
        lock.lock();
        try {
            closed = true;
            idle.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
