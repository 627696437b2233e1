package org.openvrg.itests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/** Client of one gateway's REST contract; logs in when needed. Thread-safe. */
public final class Rest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(40);

    private final HttpClient client;
    private final String base;
    private final String password;
    private volatile Optional<String> token = Optional.empty();

    Rest(int port, String password) {
        this(
                "http://127.0.0.1:" + port + "/vrgservice",
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(Duration.ofSeconds(5))
                        .build(),
                password);
    }

    /** Over any client, for HTTPS. */
    Rest(String base, HttpClient client, String password) {
        this.base = base;
        this.client = client;
        this.password = password;
    }

    /**
     * An answer.
     *
     * @param status HTTP status
     * @param body JSON; an empty object where there was none
     */
    public record Answer(int status, JsonNode body) {}

    /** Address that the paths of calls are added to. */
    String base() {
        return base;
    }

    /** Whether the appliance answers. */
    public boolean answers() throws InterruptedException {
        try {
            return send("GET", "/versions", "", Map.of()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** A call that has to succeed. */
    public JsonNode get(String path) throws IOException, InterruptedException {
        return ok(call("GET", path, ""), "GET " + path);
    }

    /** A call that has to succeed; the body is anything that Jackson can write. */
    public JsonNode post(String path, Object body) throws IOException, InterruptedException {
        return ok(call("POST", path, JSON.writeValueAsString(body)), "POST " + path);
    }

    /** Any call, with the session of the user admin. */
    public Answer call(String method, String path, String body) throws IOException, InterruptedException {
        if (token.isEmpty()) {
            login();
        }
        Answer answer = answer(send(method, path, body, Map.of("X-Auth-Token", token.orElseThrow())));
        if (answer.body().path("errorCode").asText().equals("10440102")) {
            login();
            answer = answer(send(method, path, body, Map.of("X-Auth-Token", token.orElseThrow())));
        }
        return answer;
    }

    /** The token of a live session. */
    public String token() throws IOException, InterruptedException {
        get("/vrgstatus");
        return token.orElseThrow();
    }

    private void login() throws IOException, InterruptedException {
        HttpResponse<String> response =
                send("POST", "/session", "", Map.of("X-Auth-User", "admin", "X-Auth-Key", sha256(password)));
        ok(answer(response), "POST /session");
        token = response.headers().firstValue("X-Auth-Token");
    }

    private static JsonNode ok(Answer answer, String call) throws IOException {
        if (answer.status() != 200) {
            throw new IOException(call + ": HTTP " + answer.status() + " " + answer.body());
        }
        return answer.body();
    }

    private HttpResponse<String> send(String method, String path, String body, Map<String, String> headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(TIMEOUT)
                .header("Accept", "application/json;version=v1.0;charset=UTF-8")
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json;charset=UTF-8");
        }
        headers.forEach(request::header);
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
    }

    private static Answer answer(HttpResponse<String> response) throws IOException {
        String text = response.body();
        return new Answer(response.statusCode(), text.isBlank() ? JSON.createObjectNode() : JSON.readTree(text));
    }

    static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
