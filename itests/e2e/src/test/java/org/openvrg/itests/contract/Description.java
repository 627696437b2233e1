package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** The OpenAPI description that an appliance serves, and whether answers agree with it. Thread-safe. */
final class Description {
    private static final String IRI = "https://vrg.invalid/openapi.json";
    private static final Pattern TEMPLATE = Pattern.compile("\\{[^}]*}");
    /** Statuses that the common part of the description speaks for, not the single operation. */
    private static final Set<Integer> COMMON = Set.of(404, 405, 414, 415, 431, 501);

    private final JsonNode root;
    private final SchemaRegistry registry;
    private final Map<String, Schema> schemas = new ConcurrentHashMap<>();
    private final List<Operation> operations = new ArrayList<>();

    /** One call that the description has. */
    record Operation(String verb, String template, Pattern path, JsonNode node) {
        String name() {
            return verb + " " + template;
        }
    }

    Description(String text) throws IOException {
        this.root = Answer.JSON.readTree(text);
        this.registry = SchemaRegistry.withDefaultDialect(
                SpecificationVersion.DRAFT_2020_12, builder -> builder.schemas(Map.of(IRI, text)));
        for (Map.Entry<String, JsonNode> path : root.path("paths").properties()) {
            Pattern pattern = Pattern.compile(TEMPLATE.matcher(path.getKey()).replaceAll("[^/]+") + "/?");
            for (Map.Entry<String, JsonNode> verb : path.getValue().properties()) {
                String name = verb.getKey().toUpperCase(Locale.ROOT);
                operations.add(new Operation(name, path.getKey(), pattern, verb.getValue()));
            }
        }
    }

    List<Operation> operations() {
        return operations;
    }

    JsonNode at(String pointer) {
        return root.at(pointer);
    }

    /** The node itself, or what its reference leads to. */
    JsonNode resolved(JsonNode node) {
        JsonNode found = node;
        while (found.has("$ref")) {
            found = root.at(found.path("$ref").asText().substring(1));
        }
        return found;
    }

    Optional<Operation> find(String method, String path) {
        String plain = path.split("\\?", 2)[0];
        return operations.stream()
                .filter(operation -> operation.verb().equals(method)
                        && operation.path().matcher(plain).matches())
                .findFirst();
    }

    /** Fails unless the description allows the answer. */
    void check(String method, String path, Answer answer) {
        Optional<Operation> operation = find(method, path);
        if (operation.isEmpty() || COMMON.contains(answer.status())) {
            return;
        }
        JsonNode node = operation.get().node();
        JsonNode response = resolved(node.path("responses").path(Integer.toString(answer.status())));
        assertTrue(!response.isMissingNode(), () -> "the description has no such status: " + answer);
        if (answer.status() != 200) {
            List<String> codes = new ArrayList<>();
            node.path("x-error-codes").forEach(code -> codes.add(code.asText()));
            assertTrue(codes.contains(answer.code()), () -> "the description lacks the code: " + answer);
            return;
        }
        response.path("headers")
                .properties()
                .forEach(header -> assertTrue(
                        answer.header(header.getKey()).isPresent(), () -> header.getKey() + " is missing: " + answer));
        JsonNode content = response.path("content").path("application/json").path("schema");
        if (content.isMissingNode()) {
            assertEquals("", answer.body(), answer::toString);
        } else if (content.has("$ref")) {
            List<Error> errors = schema(content.path("$ref").asText()).validate(answer.json());
            assertEquals(List.of(), errors, answer::toString);
        }
    }

    /** What a value has against the schema of a reference. */
    boolean accepts(String reference, JsonNode value) {
        return schema(reference).validate(value).isEmpty();
    }

    private Schema schema(String reference) {
        return schemas.computeIfAbsent(reference, name -> registry.getSchema(SchemaLocation.of(IRI + name)));
    }
}
