package org.openvrg.testkit;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Net-SNMP's {@code snmptrapd} on a port of loopback, as the alarm server of tests. It knows our MIB and no other. It
 * can be killed and started again, on the same port; what it received so far stays. Not thread-safe.
 */
public final class TrapReceiver implements AutoCloseable {
    private static final String MARK = "TRAP\t";
    private static final String TRAP_OID = "internet.6.3.1.1.4.1.0";
    private static final Duration START = Duration.ofSeconds(30);
    private static final long POLL_NANOS = Duration.ofMillis(20).toNanos();

    private final Path folder;
    private final Path mibFolder;
    private final int port;
    private Optional<Process> process = Optional.empty();

    /**
     * What arrived.
     *
     * @param name of the notification in our MIB, for example {@code vrgLinkDown}; with its module where it is not of ours
     * @param values of our objects, by their names
     */
    public record Trap(String name, Map<String, String> values) {
        /** The value of an object, without the name of its type. */
        public String value(String object) {
            String value = values.get(object);
            if (value == null) {
                throw new AssertionError(object + " is missing in " + this);
            }
            return value.replaceFirst("^(STRING|INTEGER|Gauge32): ?", "");
        }

        /** The number of the notification, by which one that arrived twice is recognised. */
        public long number() {
            return Long.parseLong(value("vrgNotificationNumber"));
        }
    }

    /**
     * Prepares it; {@link #start} starts it.
     *
     * @param folder of its own
     * @param mibFolder where VRG-MIB.txt is
     * @param configuration lines of snmptrapd.conf
     */
    public TrapReceiver(Path folder, Path mibFolder, String... configuration) throws IOException {
        this.folder = folder;
        this.mibFolder = mibFolder.toRealPath();
        Files.createDirectories(folder.resolve("persistent"));
        Files.writeString(folder.resolve("trapd.conf"), String.join("\n", configuration) + "\n");
        try (DatagramSocket probe = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            port = probe.getLocalPort();
        }
    }

    /** UDP port on 127.0.0.1. */
    public int port() {
        return port;
    }

    /** Starts it, and returns once its socket is bound. */
    public TrapReceiver start() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        "/usr/sbin/snmptrapd",
                        "-f",
                        "-n",
                        "-C",
                        "-c",
                        folder.resolve("trapd.conf").toString(),
                        "-A",
                        "-Lf",
                        log().toString(),
                        "-F",
                        MARK + "%v\n",
                        "udp:127.0.0.1:" + port)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        folder.resolve("console").toFile()));
        builder.environment()
                .putAll(Map.of(
                        "SNMP_PERSISTENT_DIR", folder.resolve("persistent").toString(),
                        "SNMPCONFPATH", folder.toString(),
                        "MIBDIRS", mibFolder.toString(),
                        "MIBS", "VRG-MIB"));
        Process started;
        try {
            started = builder.start();
        } catch (IOException e) {
            throw new IOException("snmptrapd can't be started; install it: apt-get install snmptrapd", e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
        process = Optional.of(started);
        long deadline = System.nanoTime() + START.toNanos();
        while (!bound()) {
            if (!started.isAlive() || System.nanoTime() > deadline) {
                throw new AssertionError("snmptrapd does not listen: " + text());
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return this;
    }

    /** Whether the kernel has a UDP socket on the port. */
    private boolean bound() throws IOException {
        String local = String.format(Locale.ROOT, "0100007F:%04X", port);
        return Files.readAllLines(Path.of("/proc/net/udp")).stream().anyMatch(line -> line.contains(local));
    }

    /** kill -9; nobody listens at the port when it returns. */
    public void kill() {
        process.ifPresent(running -> running.destroyForcibly().onExit().join());
        process = Optional.empty();
    }

    /** All that arrived and was accepted, in that order. */
    public List<Trap> traps() throws IOException {
        String all = text();
        return all.substring(0, all.lastIndexOf('\n') + 1)
                .lines()
                .filter(line -> line.startsWith(MARK))
                .map(TrapReceiver::parse)
                .toList();
    }

    /** The same, each number once, where it arrived first. */
    public List<Trap> distinct() throws IOException {
        Map<Long, Trap> byNumber = new LinkedHashMap<>();
        traps().forEach(trap -> byNumber.putIfAbsent(trap.number(), trap));
        return List.copyOf(byNumber.values());
    }

    private static Trap parse(String line) {
        Map<String, String> values = new LinkedHashMap<>();
        String name = "";
        for (String binding : line.substring(MARK.length()).split("\t", -1)) {
            int middle = binding.indexOf(" = ");
            String object = binding.substring(0, Math.max(0, middle)).replace("VRG-MIB::", "");
            String value = binding.substring(middle < 0 ? 0 : middle + 3);
            if (object.equals(TRAP_OID)) {
                name = value.replaceFirst("^OID: ", "").replace("VRG-MIB::", "");
            } else {
                values.put(object, value);
            }
        }
        return new Trap(name, values);
    }

    /** What it wrote, for failures. */
    public String text() throws IOException {
        return Files.exists(log()) ? new String(Files.readAllBytes(log()), StandardCharsets.UTF_8) : "";
    }

    private Path log() {
        return folder.resolve("traps.log");
    }

    @Override
    public void close() {
        kill();
    }
}
