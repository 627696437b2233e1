package org.openvrg.itests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Two network namespaces of the test's own, joined by a veth pair: that of a gateway, with {@code eth0} and two further
 * interfaces, and that of its client, which also is the router of both of the gateway's networks. Nothing outside of them
 * is touched, and names are made at random, so that runs don't meet. Closing it removes both.
 *
 * <p>Needs root and the packages iproute2 and curl; without them it fails and says so.
 */
final class NetworkLab implements AutoCloseable {
    /** Address of the gateway at first. */
    static final String OLD_IP = "192.0.2.2";

    /** An address that it can be given. */
    static final String NEW_IP = "198.51.100.7";

    /** Router of the old address. */
    static final String OLD_ROUTER = "192.0.2.1";

    /** Router of the new one. */
    static final String NEW_ROUTER = "198.51.100.1";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final String gateway;
    private final String client;
    private final Thread hook = new Thread(this::remove);
    private String token = "";

    /** Makes both namespaces. */
    NetworkLab() throws IOException, InterruptedException {
        String name = "vrg" + UUID.randomUUID().toString().substring(0, 8);
        gateway = name + "g";
        client = name + "c";
        Runtime.getRuntime().addShutdownHook(hook);
        for (String namespace : List.of(gateway, client)) {
            Tools.Result made = Tools.run(LIMIT, List.of("ip", "netns", "add", namespace));
            if (made.code() != 0) {
                throw new AssertionError(
                        "this test makes network namespaces of its own, for which it has to run as root"
                                + " (with CAP_SYS_ADMIN and CAP_NET_ADMIN): " + made.output());
            }
            ip(namespace, "link set lo up");
        }
        ip(gateway, "link add eth0 type veth peer name eth0 netns " + client);
        ip(gateway, "link add host0 type veth peer name host0p");
        ip(gateway, "link add peer0 type veth peer name peer0p");
        ip(gateway, "address add " + OLD_IP + "/24 brd + dev eth0");
        ip(gateway, "address add 10.1.0.2/16 dev host0");
        ip(gateway, "address add 10.2.0.2/30 dev peer0");
        ip(client, "address add " + OLD_ROUTER + "/24 dev eth0");
        ip(client, "address add " + NEW_ROUTER + "/24 dev eth0");
        ip(client, "link set eth0 up");
        for (String device : List.of("eth0", "host0", "host0p", "peer0", "peer0p")) {
            ip(gateway, "link set " + device + " up");
        }
        ip(gateway, "route add default via " + OLD_ROUTER + " dev eth0 metric 50");
        ip(gateway, "route add 203.0.113.0/24 via 192.0.2.9 dev eth0");
    }

    private static String ip(String namespace, String arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip", "-n", namespace));
        command.addAll(List.of(arguments.split(" ")));
        return Tools.succeed(LIMIT, command);
    }

    /** What has to stand before a command for it to run where the gateway is. */
    List<String> launcher() {
        return List.of("ip", "netns", "exec", gateway);
    }

    /** IPv4 addresses of the management interface, with their prefixes. */
    List<String> addresses() throws IOException, InterruptedException {
        List<String> found = new ArrayList<>();
        for (JsonNode link : JSON.readTree(ip(gateway, "-j -4 address show dev eth0"))) {
            link.path("addr_info")
                    .forEach(entry -> found.add(entry.path("local").asText() + "/"
                            + entry.path("prefixlen").asText()));
        }
        return found;
    }

    /** Addresses and routes of all interfaces, for comparison. */
    String state() throws IOException, InterruptedException {
        List<String> routes =
                ip(gateway, "-4 route show").lines().map(String::strip).sorted().toList();
        return ip(gateway, "-4 -o address show").replaceAll("[0-9]+: ", "") + String.join("\n", routes);
    }

    /** Calls the gateway from where the client is; empty where nothing answers. */
    Optional<Rest.Answer> call(String ip, String method, String path, String body, String... headers)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", client, "curl", "-s", "-i", "-m", "5"));
        command.addAll(List.of("--noproxy", "*", "-X", method, "-d", body, "-H", "Content-Type: application/json"));
        for (String header : headers) {
            command.addAll(List.of("-H", header));
        }
        command.add("http://" + ip + ":8080/vrgservice" + path);
        Tools.Result result = Tools.run(LIMIT, command);
        if (result.code() == 127 || result.output().contains("exec of \"curl\" failed")) {
            throw new AssertionError("curl can't be started; install it: apt-get install curl: " + result.output());
        }
        if (result.code() != 0) {
            return Optional.empty();
        }
        String[] parts = result.output().split("\r\n\r\n", 2);
        parts[0].lines()
                .filter(line -> line.startsWith("X-Auth-Token: "))
                .forEach(line -> token = line.substring(line.indexOf(' ') + 1));
        int status = Integer.parseInt(parts[0].split(" ", 3)[1]);
        return Optional.of(
                new Rest.Answer(status, parts[1].isBlank() ? JSON.createObjectNode() : JSON.readTree(parts[1])));
    }

    /** The same with the session of {@link #login}. */
    Optional<Rest.Answer> callInSession(String ip, String method, String path, String body)
            throws IOException, InterruptedException {
        return call(ip, method, path, body, "X-Auth-Token: " + token);
    }

    /** Waits until the gateway lets the user in. */
    void login(String ip, String key, Appliance appliance) {
        Await.until(Appliance.START, () -> "login at " + ip + "\n" + appliance.tail(), () -> {
            if (!appliance.running()) {
                throw new IOException("the process ended");
            }
            return call(ip, "POST", "/session", "", "X-Auth-User: admin", "X-Auth-Key: " + key)
                    .filter(answer -> answer.status() == 200)
                    .isPresent();
        });
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(hook);
        remove();
    }

    private void remove() {
        for (String namespace : List.of(gateway, client)) {
            try {
                Process removal = new ProcessBuilder("ip", "netns", "del", namespace)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
                removal.onExit().join();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
