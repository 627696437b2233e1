package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What came back from the appliance.
 *
 * @param call method and path, for failures
 * @param status HTTP status
 * @param headers by name in lower case; of a repeated one the first
 * @param body as text
 */
record Answer(String call, int status, Map<String, String> headers, String body) {
    static final ObjectMapper JSON = new ObjectMapper();

    /** Those of the contract, and 414 and 431, which HTTP has for a head that is longer than is read at all. */
    private static final Set<Integer> STATUSES =
            Set.of(200, 400, 401, 403, 404, 405, 409, 414, 415, 431, 500, 501, 503);

    private static final Pattern CODE = Pattern.compile("10440\\d{3}");
    private static final Pattern LEAK =
            Pattern.compile("\\b(org|com|java|javax|sun|jdk)\\.[a-z]+\\.|Exception|\\.java\\b"
                    + "|\\tat |NullPointer|/data/|/etc/|/system/|karaf|jetty|sqlite|\\.cfg\\b");

    JsonNode json() {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new AssertionError(this + " is not JSON", e);
        }
    }

    String code() {
        return json().path("errorCode").asText();
    }

    String text() {
        return json().path("errorDes").asText();
    }

    Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
    }

    /** Fails unless the answer keeps to what holds for all of them. */
    Answer checked() {
        assertTrue(STATUSES.contains(status), this::toString);
        assertTrue(!LEAK.matcher(body).find(), () -> "something of the inside shows: " + this);
        if (!body.isEmpty()) {
            String type =
                    header("Content-Type").orElse("").toLowerCase(Locale.ROOT).replace(" ", "");
            assertEquals("application/json;charset=utf-8", type, this::toString);
        }
        assertTrue(status != 401 || header("WWW-Authenticate").isPresent(), this::toString);
        assertTrue(status != 405 || header("Allow").isPresent(), this::toString);
        if (status != 200 && !call.startsWith("HEAD ")) {
            JsonNode error = json();
            assertEquals(2, error.size(), this::toString);
            assertTrue(
                    error.path("errorCode").isTextual() && CODE.matcher(code()).matches(), this::toString);
            assertTrue(error.path("errorDes").isTextual() && !text().isBlank(), this::toString);
        }
        return this;
    }

    /** Fails unless it is 200. */
    Answer ok() {
        assertEquals(200, status, this::toString);
        return this;
    }

    /** Fails unless it is this error; returns its text. */
    String refused(int wantedStatus, String wantedCode) {
        assertEquals(wantedStatus + " " + wantedCode, status + " " + (body.isEmpty() ? "" : code()), this::toString);
        return text();
    }

    @Override
    public String toString() {
        return call + " → " + status + " " + body;
    }
}
