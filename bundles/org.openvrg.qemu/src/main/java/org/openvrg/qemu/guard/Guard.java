package org.openvrg.qemu.guard;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.libvirt.LibvirtAddress;

/**
 * A process that watches over a gateway. Its input tells, line by line, which nodes take the writes of which disks
 * ({@link Watched}). While the gateway's NBD server answers nothing for longer than a bound, though the connection to
 * it stands, guests hang in their writes: the guard cuts those nodes off, once for each such silence. When the input
 * ends, the gateway is gone, and so is the guard.
 *
 * <p>Arguments: the bound in milliseconds, the process to end where a disk can't be cut off ({@link LastResort}), and,
 * for monitors with TLS, the three files of {@link TlsFiles}.
 */
public final class Guard {
    /** Begins the line that tells that the guard could cut off at a monitor; the monitor follows. */
    public static final String READY = "ready at ";

    private static final long LOOK_MILLIS = 100;
    private static final int MAX_LINES = 10_000;
    private static final BlockingQueue<String> LINES = new ArrayBlockingQueue<>(MAX_LINES);
    private static final AtomicLong LOST = new AtomicLong();

    private final long boundMillis;
    private final Optional<SSLContext> tls;
    private final Map<String, Watched> watched = new LinkedHashMap<>();
    private final Map<String, GuardMonitor> monitors = new HashMap<>();
    private final Map<String, ExportProbe> probes = new HashMap<>();
    private final Set<String> cut = new HashSet<>();
    private final LastResort lastResort;

    private Guard(long boundMillis, LastResort lastResort, Optional<SSLContext> tls) {
        this.boundMillis = boundMillis;
        this.lastResort = lastResort;
        this.tls = tls;
    }

    /** Runs until the input ends. */
    public static void main(String[] arguments) throws IOException, GeneralSecurityException {
        Optional<SSLContext> tls = arguments.length < 5
                ? Optional.empty()
                : Optional.of(
                        new TlsFiles(Path.of(arguments[2]), Path.of(arguments[3]), Path.of(arguments[4])).context());
        long boundMillis = Long.parseLong(arguments[0]);
        // the folder that GuardProcess put the classes into
        Path folder = Path.of(System.getProperty("java.class.path"));
        LastResort lastResort = new LastResort(Long.parseLong(arguments[1]), folder, boundMillis / LOOK_MILLIS);
        Guard guard = new Guard(boundMillis, lastResort, tls);
        start(Guard::tell, "guard-tell");
        start(guard::look, "guard-look");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            guard.take(line);
        }
    }

    private static void start(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Tells the gateway's log, and waits for nothing: a gateway that is stopped reads it later, as far as it is kept. */
    static void say(String what) {
        if (!LINES.offer(what)) {
            LOST.incrementAndGet();
        }
    }

    private static void tell() {
        try {
            while (true) {
                System.out.println(LINES.take());
                long lost = LOST.getAndSet(0);
                if (lost > 0) {
                    System.out.println(lost + " lines were lost");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void take(String line) {
        String[] words = line.split(" ", -1);
        try {
            if (words[0].equals("+") && words.length == 5) {
                begin(new Watched(words[1], words[2], words[3], words[4]));
            } else if (words[0].equals("-") && words.length == 3) {
                Optional.ofNullable(watched.remove(words[1] + " " + words[2])).ifPresent(this::end);
            } else {
                say("not understood: " + line);
            }
        } catch (IllegalArgumentException e) {
            say(e.getMessage());
        }
    }

    private void begin(Watched one) {
        watched.put(one.key(), one);
        monitors.computeIfAbsent(one.monitor(), endpoint -> new GuardMonitor(endpoint, tls));
        probes.computeIfAbsent(one.server(), server -> new ExportProbe(server, one.export()))
                .ask(one.export());
    }

    private void end(Watched one) {
        cut.remove(one.key());
        if (watched.values().stream().noneMatch(other -> other.monitor().equals(one.monitor()))) {
            Optional.ofNullable(monitors.remove(one.monitor())).ifPresent(GuardMonitor::close);
        }
        if (watched.values().stream().noneMatch(other -> other.server().equals(one.server()))) {
            Optional.ofNullable(probes.remove(one.server())).ifPresent(ExportProbe::close);
        }
    }

    private void look() {
        try {
            while (true) {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
                lookOnce();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void lookOnce() {
        long longest = 0;
        int done = 0;
        boolean inVain = false;
        for (Watched one : watched.values()) {
            long silent = probes.get(one.server()).silentMillis();
            if (silent <= boundMillis) {
                cut.remove(one.key());
                monitors.get(one.monitor()).forget(one.node());
            } else if (!cut.contains(one.key())) {
                if (monitors.get(one.monitor()).yank(one.node())) {
                    cut.add(one.key());
                    longest = Math.max(longest, silent);
                    done++;
                } else {
                    inVain |= LibvirtAddress.isWord(one.monitor());
                }
            }
        }
        lastResort.look(inVain && done == 0);
        if (done > 0) {
            // one line for all: nobody may read them while the gateway is stopped
            say("cut off " + done + " disks, the gateway was silent for " + longest + " ms");
        }
    }
}
