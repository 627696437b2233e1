package org.openvrg.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.JavaAnnotation;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Holds the OpenAPI description and the JAX-RS resources of all bundles together: every method has an operation, and
 * every operation a method.
 */
class OpenApiTest {
    private static final List<String> VERBS = List.of("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS");
    private static final String JAX_RS = "javax.ws.rs.";
    private static final Pattern PARAMETER = Pattern.compile("\\{([^}]+)}");

    @Test
    void everyResourceMethodHasAnOperationAndEveryOperationAMethod() throws IOException {
        Set<String> served = new TreeSet<>();
        for (JavaClass type : new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("org.openvrg")) {
            for (JavaMethod method : type.getMethods()) {
                served.addAll(operations(type, method));
            }
        }
        Set<String> described = new TreeSet<>();
        eachOperation((path, verb, operation) -> described.add(verb + " " + path));
        assertTrue(served.size() > 10, served.toString());
        assertEquals(String.join("\n", served), String.join("\n", described));
    }

    @Test
    void operationsAreWholeInThemselves() throws IOException {
        Set<String> names = new HashSet<>();
        eachOperation((path, verb, operation) -> {
            String where = verb + " " + path;
            assertTrue(names.add(operation.path("operationId").asText()), where + ": operationId twice");
            assertFalse(operation.path("summary").asText().isBlank(), where + ": no summary");
            assertTrue(operation.path("responses").has("200"), where + ": no 200");
            assertTrue(operation.path("responses").has("default"), where + ": no default");
            assertTrue(operation.path("x-error-codes").size() > 0, where + ": no error codes");
            Set<String> declared = new TreeSet<>();
            operation.path("parameters").forEach(parameter -> {
                if (parameter.path("in").asText().equals("path")) {
                    declared.add(parameter.path("name").asText());
                }
            });
            Matcher inPath = PARAMETER.matcher(path);
            Set<String> wanted = new TreeSet<>();
            while (inPath.find()) {
                wanted.add(inPath.group(1));
            }
            assertEquals(wanted, declared, where);
        });
    }

    @Test
    void everyReferenceLeadsSomewhereAndNothingIsLeftOver() throws IOException {
        JsonNode root = description();
        List<String> references = new ArrayList<>();
        root.findValues("$ref").forEach(reference -> references.add(reference.asText()));
        for (String reference : references) {
            assertFalse(root.at(reference.substring(1)).isMissingNode(), reference);
        }
        for (Map.Entry<String, JsonNode> group : root.path("components").properties()) {
            for (Map.Entry<String, JsonNode> part : group.getValue().properties()) {
                String reference = "#/components/" + group.getKey() + "/" + part.getKey();
                assertTrue(
                        references.contains(reference) || group.getKey().equals("securitySchemes"),
                        reference + " is used nowhere");
            }
        }
    }

    private static List<String> operations(JavaClass type, JavaMethod method) {
        List<String> found = new ArrayList<>();
        for (String verb : VERBS) {
            if (method.isAnnotatedWith(JAX_RS + verb) && type.isAnnotatedWith(JAX_RS + "Path")) {
                String own = method.isAnnotatedWith(JAX_RS + "Path")
                        ? "/" + path(method.getAnnotationOfType(JAX_RS + "Path"))
                        : "";
                found.add(verb + " /" + path(type.getAnnotationOfType(JAX_RS + "Path")) + own);
            }
        }
        return found;
    }

    private static String path(JavaAnnotation<?> annotation) {
        return ((String) annotation.get("value").orElseThrow()).replaceAll("^/+|/+$", "");
    }

    private interface Visitor {
        void visit(String path, String verb, JsonNode operation);
    }

    private static void eachOperation(Visitor visitor) throws IOException {
        for (Map.Entry<String, JsonNode> path : description().path("paths").properties()) {
            for (Map.Entry<String, JsonNode> verb : path.getValue().properties()) {
                visitor.visit(path.getKey(), verb.getKey().toUpperCase(java.util.Locale.ROOT), verb.getValue());
            }
        }
    }

    private static JsonNode description() throws IOException {
        try (InputStream in = OpenApiTest.class.getResourceAsStream("/openapi.json")) {
            return new ObjectMapper().readTree(in);
        }
    }
}
