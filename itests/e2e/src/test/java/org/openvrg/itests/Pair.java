package org.openvrg.itests;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A production and a DR appliance with proxies on every path between them: {@link #linkToDr}, {@link #linkToProduction}
 * and {@link #agent}. Everything is on loopback and on free ports. Closing it kills both.
 */
public final class Pair implements AutoCloseable {
    /** Longest time in which both sides have to be in step again. */
    public static final Duration IN_STEP = Duration.ofMinutes(2);

    private static final String PASSWORD = "Only-for-tests-1";
    private static final String LOOPBACK = "127.0.0.1";
    private static final Duration TOOL = Duration.ofMinutes(2);

    private final Path folder;
    private final Path live;
    private final Appliance production;
    private final Appliance dr;
    private final Proxy linkToDr;
    private final Proxy linkToProduction;
    private final Proxy agent;
    private final int nbdPort;
    private final int drNbdPort;
    private final int productionAgentPort;

    /**
     * Unpacks and configures both, and starts nothing yet.
     *
     * @param name of the folder under the build's target folder, for example the test class
     */
    public Pair(String name) throws IOException, InterruptedException {
        folder = Path.of(System.getProperty("vrg.work"), name + "-" + UUID.randomUUID());
        live = Path.of("/dev/shm").resolve("vrg-itests-" + UUID.randomUUID());
        Files.createDirectories(folder);
        int[] ports = Ports.free(8);
        nbdPort = ports[1];
        drNbdPort = ports[5];
        productionAgentPort = ports[3];
        production = appliance("production", ports[0], ports[1], ports[2], ports[3]);
        dr = appliance("dr", ports[4], ports[5], ports[6], ports[7]);
        linkToDr = new Proxy(ports[6]);
        linkToProduction = new Proxy(ports[2]);
        agent = new Proxy(ports[7]);
    }

    private Appliance appliance(String name, int http, int nbd, int link, int writeagent)
            throws IOException, InterruptedException {
        Path secret = secret("pairing-secret", "a secret that both sides of a test hold");
        Appliance made = new Appliance(folder.resolve(name), http, PASSWORD);
        made.configure("org.ops4j.pax.web", "org.ops4j.pax.web.listening.addresses", LOOPBACK);
        made.configure("org.ops4j.pax.web", "org.osgi.service.http.port", http);
        made.configure("org.openvrg.nbd", "address", LOOPBACK);
        made.configure("org.openvrg.nbd", "port", nbd);
        made.configure("org.openvrg.link", "address", LOOPBACK);
        made.configure("org.openvrg.link", "port", link);
        made.configure("org.openvrg.link", "advertised-address", LOOPBACK);
        made.configure("org.openvrg.link", "pairing-secret-file", secret);
        made.configure("org.openvrg.writeagent", "address", LOOPBACK);
        made.configure("org.openvrg.writeagent", "port", writeagent);
        made.configure("org.openvrg.writeagent", "directory", "${karaf.data}/writeagent");
        made.configure("org.openvrg.writeagent", "pairing-secret-file", secret);
        made.configure("org.openvrg.network", "directory", "${karaf.data}/network");
        made.configure("org.openvrg.network", "management-interface", "lo");
        Files.createDirectories(live);
        made.configure("org.openvrg.replication", "live-directory", live);
        made.configure("org.openvrg.replication", "directory", "${karaf.data}/replication");
        made.configure("org.openvrg.control", "database", "${karaf.data}/control/vrg.db");
        made.configure("org.openvrg.control", "admin-password-file", secret("admin-password", PASSWORD));
        made.configure("org.openvrg.platform.inline", "volumes", made.home().resolve("volumes"));
        made.configure("org.openvrg.storage.localpome-default", "dsUrn", "");
        made.configure(
                "org.openvrg.storage.localpome-default", "root", made.home().resolve("datastore"));
        made.configure("org.openvrg.storage.localpome-default", "create-missing", "true");
        return made;
    }

    private Path secret(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, text);
        }
        return file;
    }

    /**
     * Sets how long the journal of production may keep a write, for tests where the load of the machine must not decide
     * about the state. Before {@link #start}.
     */
    public Pair patient() {
        replication(production, "ingest.max-latency", 10_000);
        return this;
    }

    /** Sets a key of the replication at one side. Before {@link #start}. */
    public static void replication(Appliance appliance, String key, Object value) {
        appliance.configure("org.openvrg.replication", key, value);
    }

    /** Starts both and waits until they are paired, through the proxies. */
    public Pair start() throws IOException, InterruptedException {
        production.launch();
        dr.launch();
        production.awaitReady();
        dr.awaitReady();
        production.rest().post("/vrgmap", Map.of("dstIp", LOOPBACK, "dstPort", linkToDr.port()));
        dr.rest().post("/vrgmap", Map.of("dstIp", LOOPBACK, "dstPort", linkToProduction.port()));
        awaitPaired();
        return this;
    }

    /** Cuts the link in both directions. */
    public void cutLink() {
        linkToDr.cut();
        linkToProduction.cut();
    }

    /** Ends {@link #cutLink}. */
    public void restoreLink() {
        linkToDr.restore();
        linkToProduction.restore();
    }

    /** Waits until the link is up, seen from both sides. */
    public void awaitPaired() {
        Await.until(
                Duration.ofSeconds(60),
                () -> "paired\n" + tails(),
                () -> linkStatus(production) == 1 && linkStatus(dr) == 1);
    }

    /** Status of {@code GET /vrgmap}. */
    public static int linkStatus(Appliance appliance) throws IOException, InterruptedException {
        return appliance.rest().get("/vrgmap").path("status").asInt();
    }

    /** The appliance at the production site. */
    public Appliance production() {
        return production;
    }

    /** The appliance at the DR site, with the writeagent inside. */
    public Appliance dr() {
        return dr;
    }

    /** A further appliance with ports and folders of its own and the same secrets, not started; it is the caller's. */
    public Appliance another(String name) throws IOException, InterruptedException {
        int[] ports = Ports.free(4);
        Appliance made = appliance(name, ports[0], ports[1], ports[2], ports[3]);
        replication(made, "pairing-secret-file", folder.resolve("pairing-secret"));
        return made;
    }

    /** Path of production's connections to the DR gateway: what carries the data. */
    public Proxy linkToDr() {
        return linkToDr;
    }

    /** Path of the DR gateway's connections to production. */
    public Proxy linkToProduction() {
        return linkToProduction;
    }

    /** Path between the DR gateway and the writeagent. */
    public Proxy agent() {
        return agent;
    }

    /** Makes an empty production disk and returns its volume UUID. */
    public String newDisk(long sizeBytes) throws IOException {
        String volume = UUID.randomUUID().toString();
        try (RandomAccessFile file = new RandomAccessFile(productionDisk(volume).toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        return volume;
    }

    /** File of a production volume. */
    public Path productionDisk(String volume) {
        return production.home().resolve("volumes").resolve(volume + ".raw");
    }

    /** File of a standby volume. */
    public Path standbyDisk(String volume) {
        return dr.home().resolve("datastore").resolve(volume + ".raw");
    }

    /** NBD address of a production volume. */
    public String uri(String volume) {
        return "nbd://" + LOOPBACK + ":" + nbdPort + "/" + volume;
    }

    /** Where the DR gateway serves NBD, for VMs that run there after a failover. */
    public InetSocketAddress drNbdAddress() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), drNbdPort);
    }

    /** Where production serves NBD. */
    public InetSocketAddress nbdAddress() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), nbdPort);
    }

    /** Waits until the gateway serves the export of a volume. */
    public void awaitExport(String volume) {
        awaitExport(production, nbdPort, volume);
    }

    /** Waits until the DR gateway serves the export of a volume, after a failover. */
    public void awaitDrExport(String volume) {
        awaitExport(dr, drNbdPort, volume);
    }

    private static void awaitExport(Appliance appliance, int port, String volume) {
        Await.until(
                Duration.ofSeconds(20),
                () -> "export " + volume + "\n" + appliance.tail(),
                () -> Tools.run(TOOL, List.of("nbdinfo", "--size", "nbd://" + LOOPBACK + ":" + port + "/" + volume))
                                .code()
                        == 0);
    }

    /** Protects a VM at both sides with LOCALPOME volumes; its disks take slots 1, 2, … in the order given. */
    public String protect(boolean encrypt, boolean compress, String... volumes)
            throws IOException, InterruptedException {
        String vm = UUID.randomUUID().toString();
        protectStandby(vm, "LOCALPOME", volumes);
        protectProduction(vm, encrypt, compress, volumes);
        return vm;
    }

    /** The DR side's half of {@link #protect}, with any {@code volType}. */
    public void protectStandby(String vm, String volType, String... volumes) throws IOException, InterruptedException {
        protectStandby(vm, volType, Map.of(), volumes);
    }

    /** The same with {@code drExtParams}. */
    public void protectStandby(String vm, String volType, Map<String, String> extParams, String... volumes)
            throws IOException, InterruptedException {
        List<Map<String, Object>> list = new ArrayList<>();
        for (String volume : volumes) {
            Map<String, Object> entry = new TreeMap<>();
            entry.put("volUuid", volume);
            entry.put("volumeUrl", volume + ".raw");
            entry.put("volType", volType);
            entry.put("seqNum", list.size() + 1);
            if (!extParams.isEmpty()) {
                entry.put("drExtParams", extParams);
            }
            list.add(entry);
        }
        dr.rest().post("/vmstrategy", standbyStrategy(vm, list));
    }

    private Map<String, Object> standbyStrategy(String vm, List<Map<String, Object>> volumes) {
        return Map.of("vmUuid", vm, "agentIp", LOOPBACK, "agentPort", agent.port(), "volList", volumes);
    }

    /** Protects a VM the other way round: it runs at the DR site now, and its standby is at the production site. */
    public void protectReversed(String vm, String... volumes) throws IOException, InterruptedException {
        List<Map<String, Object>> list = new ArrayList<>();
        for (String volume : volumes) {
            list.add(Map.of(
                    "volUuid",
                    volume,
                    "volumeUrl",
                    volume + ".raw",
                    "volType",
                    "LOCALPOME",
                    "seqNum",
                    list.size() + 1));
        }
        Map<String, Object> strategy =
                Map.of("vmUuid", vm, "agentIp", LOOPBACK, "agentPort", productionAgentPort, "volList", list);
        production.rest().post("/vmstrategy", strategy);
        protectProduction(dr, vm, true, true, volumes);
    }

    /** Gives a file of the DR side's datastore to a VM at any appliance, by way of the DR side's writeagent. */
    public void claim(Appliance appliance, String vm, String volume, String volumeUrl)
            throws IOException, InterruptedException {
        Map<String, Object> entry =
                Map.of("volUuid", volume, "volumeUrl", volumeUrl, "volType", "LOCALPOME", "seqNum", 1);
        appliance.rest().post("/vmstrategy", standbyStrategy(vm, List.of(entry)));
    }

    /** The production side's half of {@link #protect}. */
    public void protectProduction(String vm, boolean encrypt, boolean compress, String... volumes)
            throws IOException, InterruptedException {
        protectProduction(production, vm, encrypt, compress, volumes);
    }

    private static void protectProduction(
            Appliance appliance, String vm, boolean encrypt, boolean compress, String... volumes)
            throws IOException, InterruptedException {
        List<Map<String, Object>> list = new ArrayList<>();
        for (String volume : volumes) {
            list.add(Map.of("volUuid", volume, "seqNum", list.size() + 1));
        }
        appliance
                .rest()
                .post(
                        "/vmstrategy",
                        Map.of(
                                "vmUuid",
                                vm,
                                "encryptOption",
                                encrypt ? 1 : 0,
                                "compressOption",
                                compress ? 1 : 0,
                                "volList",
                                list));
    }

    /** {@code POST /vmstrategy/{vmUuid}} at one side; returns drStatus. */
    public static int remove(Appliance appliance, String vm, boolean forced) throws IOException, InterruptedException {
        return appliance
                .rest()
                .post("/vmstrategy/" + vm, Map.of("delFlag", forced ? 2 : 1))
                .path("drStatus")
                .asInt();
    }

    /** What one side knows of a VM. */
    public static JsonNode report(Appliance appliance, String vm) throws IOException, InterruptedException {
        return appliance.rest().get("/ext/vms/" + vm);
    }

    /** Waits until both sides tell state 1. */
    public void awaitInStep(String vm) {
        Await.until(
                IN_STEP,
                () -> "in step: " + describe(vm),
                () -> report(production, vm).path("state").asInt() == 1
                        && report(dr, vm).path("state").asInt() == 1);
    }

    /** Waits until both sides are in state 1 and all that production has recorded stands on the DR volumes. */
    public void awaitDrained(String vm) {
        awaitDrained(production, dr, vm);
    }

    /** The same for a VM that runs at one side and has its standby at the other. */
    public void awaitDrained(Appliance from, Appliance to, String vm) {
        Await.until(IN_STEP, () -> "drained: " + describe(vm), () -> {
            JsonNode here = report(from, vm);
            JsonNode there = report(to, vm);
            long last = here.path("progress").path("lastSequence").asLong();
            return here.path("state").asInt() == 1
                    && there.path("state").asInt() == 1
                    && here.path("progress").path("durableSequence").asLong() == last
                    && there.path("progress").path("appliedSequence").asLong() == last;
        });
    }

    /** Fails unless both disks are equal, as qemu-img sees it. */
    public void assertDisksEqual(String volume) throws IOException, InterruptedException {
        Tools.succeed(
                TOOL,
                List.of(
                        "qemu-img",
                        "compare",
                        "-f",
                        "raw",
                        "-F",
                        "raw",
                        productionDisk(volume).toString(),
                        standbyDisk(volume).toString()));
    }

    /** Both reports and the ends of both logs. */
    public String describe(String vm) {
        StringBuilder text = new StringBuilder();
        for (Appliance appliance : List.of(production, dr)) {
            try {
                text.append(appliance)
                        .append(": ")
                        .append(report(appliance, vm))
                        .append('\n');
            } catch (IOException e) {
                text.append(appliance).append(": ").append(e).append('\n');
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return text + tails();
    }

    private String tails() {
        return production.tail() + dr.tail();
    }

    @Override
    public void close() throws IOException {
        production.close();
        dr.close();
        linkToDr.close();
        linkToProduction.close();
        agent.close();
        try (Stream<Path> files = Files.walk(live)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
