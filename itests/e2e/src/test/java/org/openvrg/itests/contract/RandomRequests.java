package org.openvrg.itests.contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Makes requests from the OpenAPI description: the n-th of a seed is always the same. Not thread-safe.
 *
 * <p>What a request may change is bounded by how it is made. The VMs and volumes of {@link #POOL_SIZE} throw-away names
 * may be configured and removed; wherever else a call could change something, the request is poisoned: it is given
 * exactly one flaw, so that the appliance has to refuse it. Wrong passwords are never tried, as they would lock the
 * account, and few logins, as each costs the appliance a password hash.
 */
final class RandomRequests {
    static final int POOL_SIZE = 24;

    private static final String POOL_VM = "f0220000-0000-4000-8000-0000000000%02x";
    private static final int LOGINS_IN_A_THOUSAND = 4;
    private static final String[] LANGUAGES = {"zh_CN", "en_US", "fr;q=0.1, zh-CN", "*", ";;", "q=,,", "x".repeat(600)};
    private static final String[] JUNK = {
        "",
        " ",
        "x",
        "0",
        "-1",
        "null",
        "true",
        "ünïcödé 数据库 \uD83D\uDE00",
        "../../up/two",
        "%00",
        "a\u0000b",
        "'; DROP TABLE config; --",
        "${jndi:ldap://127.0.0.1/x}",
        "<script>",
        "\\",
        "\"",
        "1e400",
        "1".repeat(80),
        "y".repeat(5000),
        "\u202e",
        "\ud800",
        "127.0.0.1",
        "localhost",
        "::1",
        "256.1.1.1"
    };

    private final Description description;
    private final long seed;
    private final String token;
    private Random random = new Random(0);

    /**
     * A request.
     *
     * @param mustFail whether it was poisoned
     */
    record Request(String method, String path, String body, List<String> headers, boolean mustFail) {
        @Override
        public String toString() {
            return method + " " + path + " " + headers + " " + body;
        }
    }

    RandomRequests(Description description, String token, long seed) {
        this.description = description;
        this.seed = seed;
        this.token = token;
    }

    static String poolVm(int number) {
        return POOL_VM.formatted(number);
    }

    /** The request with a number. */
    Request next(int number) {
        random = new Random(seed * 1_000_003 + number);
        random.nextInt();
        List<Description.Operation> operations = description.operations();
        Description.Operation operation = operations.get(random.nextInt(operations.size()));
        if (operation.name().equals("POST /session") && random.nextInt(1000) >= LOGINS_IN_A_THOUSAND) {
            operation = description.find("POST", "/vmstrategy").orElseThrow();
        }
        if (operation.name().equals("POST /session")) {
            return login();
        }
        boolean harmless =
                operation.verb().equals("GET") || operation.template().startsWith("/vmstrategy");
        return request(operation, !harmless || random.nextInt(4) == 0);
    }

    private Request login() {
        List<String> headers = new ArrayList<>();
        boolean unknownUser = random.nextBoolean();
        headers.addAll(List.of("X-Auth-User", unknownUser ? "nobody" + random.nextInt(9) : "admin"));
        headers.addAll(List.of("X-Auth-Key", unknownUser ? "ab".repeat(32) : "malformed"));
        return new Request("POST", "/session", "", headers, true);
    }

    private enum Flaw {
        TOKEN,
        VERSION,
        METHOD,
        PATH,
        TYPE,
        BODY
    }

    private Request request(Description.Operation operation, boolean poisoned) {
        boolean hasBody = operation.node().has("requestBody");
        List<Flaw> flaws = new ArrayList<>(List.of(Flaw.TOKEN, Flaw.VERSION, Flaw.METHOD, Flaw.PATH));
        if (hasBody) {
            flaws.addAll(List.of(Flaw.TYPE, Flaw.BODY, Flaw.BODY, Flaw.BODY));
        }
        boolean open = operation.node().has("security");
        if (open) {
            flaws.remove(Flaw.TOKEN);
        }
        Flaw flaw = flaws.get(random.nextInt(flaws.size()));
        List<String> headers = new ArrayList<>();
        boolean badToken = poisoned && flaw == Flaw.TOKEN;
        if (!badToken || random.nextBoolean()) {
            headers.addAll(List.of("X-Auth-Token", badToken ? header(junk()) : token));
        }
        if (poisoned && flaw == Flaw.VERSION) {
            headers.addAll(List.of("Accept", "application/json;version=v" + (2 + random.nextInt(9)) + ".0"));
        } else if (random.nextInt(3) == 0) {
            headers.addAll(List.of("Accept", "application/json;version=v1.0;charset=UTF-8"));
        }
        if (random.nextBoolean()) {
            headers.addAll(List.of("Accept-Language", LANGUAGES[random.nextInt(LANGUAGES.length)]));
        }
        String body = hasBody ? body(operation, poisoned && flaw == Flaw.BODY) : "";
        boolean wrongType = poisoned && flaw == Flaw.TYPE && !body.isEmpty();
        headers.addAll(List.of("Content-Type", wrongType ? "text/plain" : Client.JSON_TYPE));
        String method = operation.verb();
        if (poisoned && flaw == Flaw.METHOD) {
            method = random.nextBoolean() ? "PATCH" : "FROB";
        }
        String path = operation.template().replace("{vmUuid}", vmInPath(operation));
        if (poisoned && flaw == Flaw.PATH) {
            path += "/" + encoded("x" + junk()) + "/y/z";
        }
        path += random.nextInt(8) == 0 && !path.contains("?") ? "/" : "";
        boolean sure = poisoned && (flaw != Flaw.TYPE || wrongType);
        // a body that a poisoned one of these lacks is a request without flaw: give it the surest
        if (poisoned && !sure) {
            method = "PATCH";
            sure = true;
        }
        return new Request(method, path + query(operation), body, headers, sure);
    }

    private String vmInPath(Description.Operation operation) {
        boolean changes = !operation.verb().equals("GET");
        return switch (random.nextInt(4)) {
            case 0 -> encoded(junk().isEmpty() ? "j" : "j" + junk());
            case 1 -> changes ? poolVm(random.nextInt(POOL_SIZE)) : FuzzTest.KEPT_PRODUCTION;
            default -> poolVm(random.nextInt(POOL_SIZE));
        };
    }

    private String query(Description.Operation operation) {
        List<String> parts = new ArrayList<>();
        for (JsonNode parameter : operation.node().path("parameters")) {
            JsonNode plain = description.resolved(parameter);
            if (plain.path("in").asText().equals("query") && random.nextInt(3) == 0) {
                JsonNode schema = plain.path("schema");
                JsonNode value = random.nextInt(3) == 0
                        ? JsonNodeFactory.instance.textNode(junk())
                        : value(schema.has("items") ? schema.path("items") : schema);
                parts.add(plain.path("name").asText() + "=" + encoded(value.asText()));
            }
        }
        // normal removals wait for what is queued; forced ones keep the run short
        if (operation.verb().equals("DELETE") && operation.template().startsWith("/vmstrategy")) {
            parts.removeIf(part -> part.equals("delFlag=1"));
            parts.add("delFlag=2");
        }
        return parts.isEmpty() ? "" : "?" + String.join("&", parts);
    }

    private String body(Description.Operation operation, boolean flawed) {
        JsonNode schema = description.resolved(operation
                .node()
                .path("requestBody")
                .path("content")
                .path("application/json")
                .path("schema"));
        JsonNode value = value(schema);
        if (value instanceof ObjectNode object && operation.template().startsWith("/vmstrategy/")) {
            object.put("delFlag", 2);
        }
        if (!flawed) {
            return mutatedHarmlessly(value, operation).toString();
        }
        String text = value.toString();
        return switch (random.nextInt(6)) {
            case 0 -> text.substring(0, text.length() - 1 - random.nextInt(Math.max(1, text.length() / 2)));
            case 1 -> "[".repeat(33 + random.nextInt(200));
            case 2 -> "[" + text + "]";
            case 3 -> text + text;
            case 4 -> "{\"a\":1,\"a\":2," + text.substring(1);
            default -> "\"" + text.replace("\"", "'") + "\u0001";
        };
    }

    /** Any change to what stands for a throw-away VM; only the names themselves stay. */
    private JsonNode mutatedHarmlessly(JsonNode value, Description.Operation operation) {
        if (!(value instanceof ObjectNode object) || !operation.template().equals("/vmstrategy")) {
            return value;
        }
        if (random.nextInt(2) == 0) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            mutate(object, names.get(random.nextInt(names.size())));
            JsonNode disk = object.path("volList").path(0);
            if (disk instanceof ObjectNode first && random.nextBoolean() && !first.isEmpty()) {
                List<String> members = new ArrayList<>();
                first.fieldNames().forEachRemaining(members::add);
                mutate(first, members.get(random.nextInt(members.size())));
            }
        }
        return object;
    }

    private void mutate(ObjectNode object, String name) {
        boolean names = name.equals("vmUuid") || name.equals("volUuid");
        switch (random.nextInt(5)) {
            case 0 -> object.remove(name);
            case 1 -> object.put(name, names ? "not-" + random.nextInt(9) + "/" : junk());
            case 2 -> object.put(name, random.nextLong());
            case 3 -> object.putArray(name).add(random.nextInt(50)).addObject();
            default -> object.putNull(name);
        }
    }

    /** A value that a schema allows. */
    private JsonNode value(JsonNode unresolved) {
        if (unresolved.path("$ref").asText().endsWith("/VmUuid")) {
            return JsonNodeFactory.instance.textNode(poolVm(random.nextInt(POOL_SIZE)));
        }
        if (unresolved.path("$ref").asText().endsWith("/VolUuid")) {
            return JsonNodeFactory.instance.textNode("fuzz-" + random.nextInt(POOL_SIZE * 4));
        }
        if (unresolved.path("$ref").asText().endsWith("/IpAddress")) {
            return JsonNodeFactory.instance.textNode("127.0.0." + (2 + random.nextInt(250)));
        }
        JsonNode schema = description.resolved(unresolved);
        if (schema.has("oneOf")) {
            return value(schema.path("oneOf")
                    .path(random.nextInt(schema.path("oneOf").size())));
        }
        if (schema.has("allOf")) {
            return value(schema.path("allOf").path(0));
        }
        if (schema.has("enum")) {
            return schema.path("enum").path(random.nextInt(schema.path("enum").size()));
        }
        return switch (schema.path("type").asText()) {
            case "object" -> object(schema);
            case "array" -> array(schema);
            case "integer" -> integer(schema);
            default -> JsonNodeFactory.instance.textNode(text(schema));
        };
    }

    private JsonNode object(JsonNode schema) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        List<String> required = new ArrayList<>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        schema.path("properties").properties().forEach(member -> {
            if (required.contains(member.getKey()) || random.nextInt(3) > 0) {
                object.set(member.getKey(), value(member.getValue()));
            }
        });
        if (schema.path("additionalProperties").isObject()) {
            object.put("dsMgntIp", "1.1.1." + random.nextInt(255)).put("dsResourceId", junk());
        }
        if (random.nextInt(6) == 0) {
            object.put("unknown", junk());
        }
        return object;
    }

    private JsonNode array(JsonNode schema) {
        var array = JsonNodeFactory.instance.arrayNode();
        int count = random.nextInt(20) == 0 ? random.nextInt(300) : 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            array.add(value(schema.path("items")));
        }
        return array;
    }

    private JsonNode integer(JsonNode schema) {
        long from = schema.path("minimum").asLong(0);
        long to = schema.path("maximum").asLong(1_000_000);
        return JsonNodeFactory.instance.numberNode(
                switch (random.nextInt(4)) {
                    case 0 -> from;
                    case 1 -> to;
                    default -> from + (long) (random.nextDouble() * (to - from));
                });
    }

    private String text(JsonNode schema) {
        if (schema.has("examples") && random.nextInt(3) > 0) {
            return schema.path("examples").path(0).asText();
        }
        if (schema.has("contentMediaType")) {
            return "{\"dsMgntIp\":\"1.1.1.1\",\"dsResourceId\":\"" + random.nextInt(9) + "\"}";
        }
        if (schema.path("pattern").asText().contains("{64}")) {
            return "0123456789abcdef".repeat(4);
        }
        return random.nextInt(3) == 0 ? junk() : "text-" + random.nextInt(1000);
    }

    private String junk() {
        return JUNK[random.nextInt(JUNK.length)];
    }

    private static String header(String text) {
        return text.chars().allMatch(c -> c >= 0x20 && c < 0x7f) ? text : "odd";
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
