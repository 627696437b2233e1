package org.openvrg.itests.contract;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.openvrg.itests.Appliance;

/**
 * A management layer: plain HTTP against one appliance. Every answer is held to the common rules, and to the OpenAPI
 * description where there is one to hold it to. Thread-safe.
 */
final class Client {
    static final String BASE = "/vrgservice";
    static final String JSON_TYPE = "application/json;charset=UTF-8";

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    private final int port;
    private final String key;
    private volatile String token = "";
    private volatile Optional<Description> description = Optional.empty();

    /** Of an appliance, with the password of its user admin. */
    Client(Appliance appliance) {
        this.port = appliance.httpPort();
        this.key = sha256(appliance.password());
    }

    int port() {
        return port;
    }

    /** Key of the user admin at first start. */
    String key() {
        return key;
    }

    String token() throws IOException, InterruptedException {
        if (token.isEmpty()) {
            token = login("admin", key).ok().header("X-Auth-Token").orElseThrow();
        }
        return token;
    }

    /** Forgets the token, as after a restart of the appliance. */
    void forgetToken() {
        token = "";
    }

    Answer login(String user, String userKey) throws IOException, InterruptedException {
        return send("POST", "/session", "", "X-Auth-User", user, "X-Auth-Key", userKey);
    }

    /** The description that the appliance serves. */
    Description description() throws IOException, InterruptedException {
        if (description.isEmpty()) {
            Answer answer = send("GET", "/ext/openapi.json", "", "X-Auth-Token", token());
            description = Optional.of(new Description(answer.ok().body()));
        }
        return description.get();
    }

    /** A call with the session of the user admin; its answer has to agree with the description. */
    Answer call(String method, String path, String body, String... headers) throws IOException, InterruptedException {
        String[] all = java.util.Arrays.copyOf(headers, headers.length + 2);
        all[headers.length] = "X-Auth-Token";
        all[headers.length + 1] = token();
        Answer answer = send(method, path, body, all);
        description().check(method, path, answer);
        return answer;
    }

    Answer get(String path) throws IOException, InterruptedException {
        return call("GET", path, "");
    }

    Answer post(String path, String body) throws IOException, InterruptedException {
        return call("POST", path, body);
    }

    /** A call with these headers only, beyond what HTTP itself needs. */
    Answer send(String method, String path, String body, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + BASE + path))
                .timeout(TIMEOUT)
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        boolean typed = false;
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
            typed |= headers[i].equalsIgnoreCase("Content-Type");
        }
        if (!body.isEmpty() && !typed) {
            request.header("Content-Type", JSON_TYPE);
        }
        HttpResponse<String> response =
                http.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        Map<String, String> seen = new TreeMap<>();
        response.headers().map().forEach((name, values) -> seen.put(name.toLowerCase(Locale.ROOT), values.get(0)));
        return new Answer(method + " " + path, response.statusCode(), seen, response.body()).checked();
    }

    /** Sends bytes as they are and ends its half of the connection; the last answer on it. */
    Answer raw(String request) throws IOException {
        return parse(request, exchange(request.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private String exchange(byte[] request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) TIMEOUT.toMillis());
            socket.getOutputStream().write(request);
            socket.shutdownOutput();
            try (InputStream in = socket.getInputStream()) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        }
    }

    private static Answer parse(String request, String text) {
        String call = request.lines().findFirst().orElse("");
        String[] parts = text.split("\r\n\r\n", 2);
        String[] head = parts[0].split("\r\n");
        Map<String, String> headers = new TreeMap<>();
        for (int i = 1; i < head.length; i++) {
            String[] header = head[i].split(": *", 2);
            headers.putIfAbsent(header[0].toLowerCase(Locale.ROOT), header.length > 1 ? header[1] : "");
        }
        int status = head[0].matches("HTTP/1\\.1 \\d{3}.*") ? Integer.parseInt(head[0].substring(9, 12)) : 0;
        return new Answer(call, status, headers, parts.length > 1 ? parts[1] : "");
    }

    static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
