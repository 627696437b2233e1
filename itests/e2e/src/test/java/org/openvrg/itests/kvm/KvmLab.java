package org.openvrg.itests.kvm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Tools;

/** A pair of gateways whose production has the KVM platform, and a folder in which guests have their monitors. */
final class KvmLab implements AutoCloseable {
    static final long MIB = 1L << 20;
    static final long DISK_BYTES = 96 * MIB;
    /** How much of a guest's disk a test changes. */
    static final int CHANGED_MIB = 4;
    /**
     * Most that may travel for so much that changed: blocks of 64 KiB of which a part changed, the journal of ext4, and
     * what both sites tell each other. A consistency check that found all equal would be less, one that sent the disk
     * eight times as much.
     */
    static final double MOST_MIB = 2.5 * CHANGED_MIB + 4;
    /** Age at which the host gets a new bitmap. */
    static final Duration ROTATION = Duration.ofSeconds(2);

    private static final System.Logger LOG = System.getLogger(KvmLab.class.getName());
    private static final Duration TOOL = Duration.ofMinutes(2);

    private final Pair pair;
    private final Path folder;
    private final Path sockets;
    private final List<Guest> guests = new ArrayList<>();

    KvmLab(String name) throws IOException, InterruptedException {
        this(name, pair -> {});
    }

    /**
     * The same.
     *
     * @param more what is configured before the pair starts
     */
    KvmLab(String name, Consumer<Pair> more) throws IOException, InterruptedException {
        pair = new Pair(name).patient();
        more.accept(pair);
        folder = pair.production().home().resolveSibling("guests");
        Files.createDirectories(folder);
        // the paths of sockets have few bytes
        sockets = Files.createTempDirectory("vrg-kvm");
        pair.production().configure("org.openvrg.platform.kvm-lab", "folder", sockets);
        pair.production().configure("org.openvrg.platform.kvm-lab", "state", "${karaf.data}/platform-kvm/lab");
        pair.production().configure("org.openvrg.platform.kvm-lab", "rotation-seconds", ROTATION.toSeconds());
        pair.production().configure("org.openvrg.platform.kvm-lab", "watchdog-silence-millis", 1_500);
        pair.production().deploy(Path.of(System.getProperty("vrg.platform.kvm")));
        pair.start();
    }

    Pair pair() {
        return pair;
    }

    /** A guest with an empty disk and an ext4 on it. */
    Guest newGuest() throws IOException, InterruptedException {
        Guest guest = emptyGuest().start();
        guest.makeFileSystem();
        return guest;
    }

    /** A guest with an empty disk, not started. */
    Guest emptyGuest() throws IOException, InterruptedException {
        return emptyGuest("production", newDisk("raw"));
    }

    /** A guest with disks, not started. */
    Guest emptyGuest(String name, Guest.Disk... disks) {
        Guest guest = new Guest(name, sockets, UUID.randomUUID().toString(), List.of(disks));
        guests.add(guest);
        return guest;
    }

    /** An empty disk with a volume of its own. */
    Guest.Disk newDisk(String format) throws IOException, InterruptedException {
        String volume = UUID.randomUUID().toString();
        Path image = folder.resolve(volume + "." + format);
        Tools.succeed(TOOL, List.of("qemu-img", "create", "-q", "-f", format, image.toString(), "" + DISK_BYTES));
        return new Guest.Disk(image, format, volume);
    }

    /** Sets a key of the group of hosts, which production takes up when its configuration is written. */
    void configure(String key, Object value) {
        pair.production().configure("org.openvrg.platform.kvm-lab", key, value);
    }

    /** A folder for images and the like. */
    Path folder() {
        return folder;
    }

    /** The folder of the sockets, removed in the end. */
    Path sockets() {
        return sockets;
    }

    /** A guest on an image that is there, not started. */
    Guest guest(String name, String uuid, Path image, String volume) {
        Guest guest = new Guest(name, sockets, uuid, List.of(new Guest.Disk(image, "raw", volume)));
        guests.add(guest);
        return guest;
    }

    /** The image of a volume at production. */
    Path image(String volume) {
        return folder.resolve(volume + ".raw");
    }

    /** Protects a guest over REST alone, and waits for state 1; the states that were seen on the way. */
    List<Integer> protect(Guest guest, String... volumes) throws IOException, InterruptedException {
        pair.protectStandby(guest.uuid(), "LOCALPOME", volumes);
        pair.protectProduction(guest.uuid(), true, true, volumes);
        return awaitInStep(guest);
    }

    /** Waits for state 1; the states that production told on the way. */
    List<Integer> awaitInStep(Guest guest) {
        List<Integer> states = new ArrayList<>();
        Await.until(Pair.IN_STEP, () -> "in step: " + pair.describe(guest.uuid()) + guest.describe(), () -> {
            int state = pair.production()
                    .rest()
                    .get("/vmdrstatus/" + guest.uuid())
                    .path("status")
                    .asInt();
            if (states.isEmpty() || states.get(states.size() - 1) != state) {
                states.add(state);
            }
            return state == 1;
        });
        pair.awaitInStep(guest.uuid());
        return states;
    }

    /** Ends the protection at both sides. */
    void end(Guest guest) throws IOException, InterruptedException {
        Pair.remove(pair.production(), guest.uuid(), false);
        Pair.remove(pair.dr(), guest.uuid(), false);
    }

    /** How often production noticed that writes pass it by. */
    long losses() throws IOException {
        return pair.production()
                .log()
                .lines()
                .filter(line -> line.contains("is in state 2: writes to volume"))
                .count();
    }

    /** Waits until a sequence of production that is newer than now is durable at the DR side, in state 1. */
    void awaitDrained(Guest guest) {
        pair.awaitDrained(guest.uuid());
    }

    /** All bytes between the gateways so far. */
    long wireBytes() {
        return pair.linkToDr().forwardBytes()
                + pair.linkToDr().backwardBytes()
                + pair.linkToProduction().forwardBytes()
                + pair.linkToProduction().backwardBytes();
    }

    /** Tells what went over the wire for {@link #CHANGED_MIB} that changed. */
    static void tellWire(String what, long bytes) {
        LOG.log(
                Level.INFO,
                String.format(
                        Locale.ROOT,
                        "%s: %d MiB changed of %d MiB, %.2f MiB on the wire",
                        what,
                        CHANGED_MIB,
                        DISK_BYTES / MIB,
                        (double) bytes / MIB));
    }

    /**
     * Tells what went over the wire for {@link #CHANGED_MIB} that changed, and fails unless it was these and little more.
     *
     * @param before {@link #wireBytes} before they changed, or before a gateway came back that missed it
     */
    void assertOnlyChanges(Guest guest, String what, long before) {
        long bytes = wireBytes() - before;
        tellWire(what, bytes);
        assertTrue(bytes >= CHANGED_MIB * MIB, () -> bytes + " bytes on the wire");
        assertTrue(
                bytes < MOST_MIB * MIB,
                () -> bytes + " bytes on the wire\n" + pair.describe(guest.uuid()) + guest.describe());
    }

    /** Waits until the host's bitmap is one that began after now, so that it has only what comes. */
    static void awaitRotation() {
        Await.pass(ROTATION.multipliedBy(3));
    }

    /** Fails unless the guest's disk and its standby are equal; the guest must not write. */
    void assertEqual(String volume) throws IOException, InterruptedException {
        assertEqual(new Guest.Disk(image(volume), "raw", volume));
    }

    /** The same with an image of any format. */
    void assertEqual(Guest.Disk disk) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("qemu-img", "compare", "-U"));
        command.addAll(List.of("-f", disk.format(), "-F", "raw"));
        command.addAll(
                List.of(disk.image().toString(), pair.standbyDisk(disk.volume()).toString()));
        Tools.succeed(TOOL, command);
    }

    /** Production's report of a guest. */
    JsonNode report(Guest guest) throws IOException, InterruptedException {
        return Pair.report(pair.production(), guest.uuid());
    }

    @Override
    public void close() throws IOException {
        for (Guest guest : guests) {
            guest.close();
        }
        pair.close();
        try (Stream<Path> files = Files.list(sockets)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(sockets);
    }
}
