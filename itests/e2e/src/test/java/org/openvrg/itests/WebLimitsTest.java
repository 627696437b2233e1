package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is too large, broken or too slow, at both ports: an error with a body or a closed connection, and life goes on. */
class WebLimitsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration SLOW_IS_CLOSED = Duration.ofSeconds(60);
    private static final int MIB = 1 << 20;
    private static final Pattern ANSWER =
            Pattern.compile("\\AHTTP/1\\.1 (\\d{3}) [^\\r\\n]*\\r\\n(.*?)\\r\\n\\r\\n(.*)\\z", Pattern.DOTALL);

    private static Appliance appliance;

    /** An answer as it came over the wire. */
    private record Answer(int status, String head, String body) {
        static Answer of(String text) {
            Matcher matcher = ANSWER.matcher(text);
            assertTrue(matcher.matches(), "no answer: " + text);
            return new Answer(Integer.parseInt(matcher.group(1)), matcher.group(2), matcher.group(3));
        }
    }

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        appliance = Gateway.shared();
    }

    @AfterEach
    void lives() throws InterruptedException {
        assertTrue(appliance.running());
        Await.until(Duration.ofSeconds(60), () -> "an answer\n" + appliance.tail(), () -> appliance
                .rest()
                .answers());
    }

    private static int port(boolean tls) {
        return tls ? appliance.httpsPort() : appliance.httpPort();
    }

    private static Answer send(boolean tls, String request) throws IOException {
        return Answer.of(Https.exchange(port(tls), tls, request.getBytes(StandardCharsets.UTF_8)));
    }

    private static String post(String path, String body) throws IOException, InterruptedException {
        return head("POST " + path) + "X-Auth-Token: " + appliance.rest().token() + "\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }

    private static String head(String call) {
        return call + " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n";
    }

    private static void assertError(int status, String code, Answer answer) throws IOException {
        assertEquals(status, answer.status(), answer.toString());
        JsonNode body = JSON.readTree(answer.body());
        assertEquals(code, body.path("errorCode").asText(), answer.toString());
        assertFalse(body.path("errorDes").asText().isEmpty(), answer.toString());
        assertEquals(2, body.size(), answer.toString());
        assertHeaders(answer);
    }

    private static void assertHeaders(Answer answer) {
        String head = answer.head().toLowerCase(Locale.ROOT);
        for (String header : List.of(
                "content-type: application/json;charset=utf-8",
                "cache-control: no-store",
                "x-content-type-options: nosniff",
                "x-frame-options: deny",
                "content-security-policy: default-src 'none'; frame-ancestors 'none'",
                "referrer-policy: no-referrer")) {
            assertTrue(head.contains(header), header + " in " + answer);
        }
        assertFalse(
                Pattern.compile("(?m)^(server|x-powered-by|set-cookie):")
                        .matcher(head)
                        .find(),
                answer.toString());
        assertFalse((head + answer.body()).toLowerCase(Locale.ROOT).contains("jetty"), answer.toString());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void givesEveryAnswerItsHeaders(boolean tls) throws Exception {
        Answer answer = send(tls, head("GET /vrgservice/versions") + "\r\n");
        assertEquals(200, answer.status());
        assertHeaders(answer);
        assertEquals(tls, answer.head().contains("Strict-Transport-Security: max-age="), answer.toString());
        for (String call : List.of("GET /", "PUT /elsewhere", "TRACE /vrgservice/versions", "GET /vrgservice")) {
            Answer error = send(tls, head(call) + "\r\n");
            assertTrue(error.status() == 404 || error.status() == 405, error.toString());
            assertError(error.status(), "10440101", error);
            assertEquals(tls, error.head().contains("Strict-Transport-Security: max-age="), error.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void refusesWhatIsNoRequest(boolean tls) throws Exception {
        for (String broken : List.of(
                "GARBAGE\r\n\r\n",
                "GET /\u0000 HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET / HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
                "GET /a%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "POST /vrgservice/session HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
                "POST /vrgservice/session HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "POST /vrgservice/session HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n")) {
            assertError(400, "10440101", send(tls, broken));
        }
        assertError(505, "10440000", send(tls, "GET / HTTP/9.9\r\nHost: a\r\n\r\n"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void refusesHeadersThatAreTooLong(boolean tls) throws Exception {
        String text = "a".repeat(9_000);
        assertError(431, "10440101", send(tls, head("GET /vrgservice/versions") + "X-Long: " + text + "\r\n\r\n"));
        assertError(414, "10440101", send(tls, head("GET /vrgservice/" + text) + "\r\n"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void refusesBodiesThatAreTooLongOrTooDeep(boolean tls) throws Exception {
        for (int size : List.of(MIB + 1, 4 * MIB)) {
            Answer answer = send(tls, post("/vrgservice/vmstrategy", "\"" + "a".repeat(size - 2) + "\""));
            assertError(400, "10440101", answer);
            assertTrue(answer.body().contains("1048576"), answer.toString());
        }
        assertError(400, "10440101", send(tls, post("/vrgservice/vmstrategy", "[".repeat(100_000))));
        assertError(400, "10440101", send(tls, post("/vrgservice/vmstrategy", "{\"vmUuid\":")));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void answersABodyThatIsCutShort(boolean tls) throws Exception {
        String whole = post("/vrgservice/vmstrategy", "{\"vmUuid\":\"" + "a".repeat(1000) + "\"}");
        byte[] part = whole.substring(0, whole.length() - 500).getBytes(StandardCharsets.UTF_8);
        try (Socket socket = Https.socket(port(tls), tls)) {
            socket.getOutputStream().write(part);
            socket.getOutputStream().flush();
            socket.shutdownOutput();
            String answer = Https.rest(socket);
            // Under TLS the end of one direction may end both: then there is nothing to answer to.
            if (!answer.isEmpty() || !tls) {
                assertError(400, "10440101", Answer.of(answer));
            }
        }
    }

    /** A byte now and then keeps every idle time-out from ending a connection; one says nothing at all. */
    @Test
    void closesTheConnectionOfARequestThatTrickles() throws Exception {
        String body = post("/vrgservice/vmstrategy", "a".repeat(1000));
        List<String> beginnings =
                List.of("", head("GET /vrgservice/versions") + "X-Slow: ", body.substring(0, body.length() - 1000));
        List<Trickle> open = new ArrayList<>();
        for (boolean tls : List.of(false, true)) {
            for (String beginning : beginnings) {
                Socket socket = Https.socket(port(tls), tls);
                open.add(new Trickle(socket, tls + " " + beginning, !beginning.isEmpty()));
                socket.getOutputStream().write(beginning.getBytes(StandardCharsets.UTF_8));
                socket.getOutputStream().flush();
            }
        }
        Await.until(SLOW_IS_CLOSED, () -> "closed: " + open + "\n" + appliance.tail(), () -> {
            Await.pass(Duration.ofMillis(250));
            open.removeIf(Trickle::isClosed);
            return open.isEmpty();
        });
    }

    private record Trickle(Socket socket, String what, boolean goesOn) {
        /** Sends the next byte, and looks whether the server has closed. */
        boolean isClosed() {
            try {
                if (goesOn) {
                    socket.getOutputStream().write('a');
                    socket.getOutputStream().flush();
                }
                socket.setSoTimeout(10);
                while (socket.getInputStream().read() >= 0) {
                    // an error body before the close
                }
                socket.close();
                return true;
            } catch (SocketTimeoutException e) {
                return false;
            } catch (IOException e) {
                return true; // reset
            }
        }

        @Override
        public String toString() {
            return what;
        }
    }

    /** More bodies that do not come than the server has threads, and more connections than it takes. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void servesOthersBesideManySlowClients(boolean tls) throws Exception {
        List<Socket> slow = new ArrayList<>();
        String body = post("/vrgservice/vmstrategy", "a".repeat(1000));
        try {
            for (int i = 0; i < Gateway.CONNECTIONS - 16; i++) {
                slow.add(Https.socket(port(tls), tls));
                slow.get(i)
                        .getOutputStream()
                        .write(body.substring(0, body.length() - 1000).getBytes(StandardCharsets.UTF_8));
                slow.get(i).getOutputStream().flush();
            }
            assertEquals(
                    200, send(tls, head("GET /vrgservice/versions") + "\r\n").status());
            for (int i = 0; i < 3 * Gateway.CONNECTIONS; i++) {
                slow.add(Https.socket(port(false), false));
            }
            assertEquals(
                    200, send(false, head("GET /vrgservice/versions") + "\r\n").status());
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    @Test
    void limitsTheConnectionsOfEachPort() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try {
            for (int i = 0; i < 2 * Gateway.CONNECTIONS; i++) {
                idle.add(Https.socket(appliance.httpPort(), false));
            }
            // those that are over it wait in the kernel until the server has closed idle ones
            Await.until(SLOW_IS_CLOSED, () -> "idle connections are closed\n" + appliance.tail(), () -> {
                idle.get(0).setSoTimeout(10);
                return idle.get(0).getInputStream().read() < 0;
            });
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }
}
