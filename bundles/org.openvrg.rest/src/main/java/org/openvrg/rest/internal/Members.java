package org.openvrg.rest.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.openvrg.api.failure.RequestException;

/**
 * Reads the members of a JSON object in a request. A member that is {@code null} counts as absent, unknown members are
 * ignored, and a wrong type is an error that names the member and the right type.
 *
 * <p>Where two names are given, the first is the one of the contract's tables and wins; the second that of its samples.
 */
final class Members {
    private final String path;
    private final JsonNode object;

    private Members(String path, JsonNode object) {
        this.path = path;
        this.object = object;
    }

    /** Of a request's body. */
    static Members ofBody(JsonNode body) throws RequestException {
        if (body.isMissingNode()) {
            throw Requests.invalid("body", "is missing; it is a JSON object", "缺少请求正文,应为 JSON 对象");
        }
        return of("body", "", body);
    }

    /** Of a request's body that may be left out. */
    static Optional<Members> ofOptionalBody(JsonNode body) throws RequestException {
        return body.isMissingNode() || body.isNull() ? Optional.empty() : Optional.of(of("body", "", body));
    }

    private static Members of(String name, String prefix, JsonNode node) throws RequestException {
        if (!node.isObject()) {
            throw wrongType(name, node, "a JSON object", "JSON 对象");
        }
        return new Members(prefix, node);
    }

    /** The name of a member as errors give it. */
    String name(String member) {
        return path + member;
    }

    /** Whether any of the names is there. */
    boolean has(String... names) {
        return find(names).isPresent();
    }

    /** A text that may be absent. */
    Optional<String> text(int maxChars, String... names) throws RequestException {
        Optional<JsonNode> node = find(names);
        if (node.isEmpty()) {
            return Optional.empty();
        }
        if (!node.get().isTextual()) {
            throw wrongType(name(names[0]), node.get(), "a string", "字符串");
        }
        String text = node.get().textValue();
        if (text.isEmpty() || text.length() > maxChars || text.chars().anyMatch(Character::isISOControl)) {
            throw Requests.invalid(
                    name(names[0]),
                    text,
                    "has 1 to " + maxChars + " characters, none of them a control character",
                    "长度应为 1 到 " + maxChars + " 个字符,且不含控制字符");
        }
        return Optional.of(text);
    }

    /** A text of any length, control characters and none included, for values with a check and an error of their own. */
    String rawText(String... names) throws RequestException {
        JsonNode node = required(names);
        if (!node.isTextual()) {
            throw wrongType(name(names[0]), node, "a string", "字符串");
        }
        return node.textValue();
    }

    /** A text that must be there. */
    String requiredText(int maxChars, String... names) throws RequestException {
        required(names);
        return text(maxChars, names).orElseThrow();
    }

    /** A whole number that may be absent; one that no {@code long} holds is the nearest that does. */
    OptionalLong number(String... names) throws RequestException {
        Optional<JsonNode> node = find(names);
        if (node.isEmpty()) {
            return OptionalLong.empty();
        }
        if (!node.get().isIntegralNumber()) {
            throw wrongType(name(names[0]), node.get(), "an integer", "整数");
        }
        if (!node.get().canConvertToLong()) {
            return OptionalLong.of(node.get().bigIntegerValue().signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE);
        }
        return OptionalLong.of(node.get().longValue());
    }

    /** A whole number that must be there. */
    long requiredNumber(String... names) throws RequestException {
        required(names);
        return number(names).orElseThrow();
    }

    /** A whole number within a range. */
    OptionalLong number(long from, long to, String... names) throws RequestException {
        OptionalLong value = number(names);
        if (value.isPresent() && (value.getAsLong() < from || value.getAsLong() > to)) {
            throw Requests.invalid(
                    name(names[0]),
                    value.getAsLong() + " is not valid: it is " + from + " to " + to,
                    value.getAsLong() + " 不合法:取值范围为 " + from + " 到 " + to);
        }
        return value;
    }

    /** The objects of a list that must be there and not be empty. */
    List<Members> requiredObjects(int maxCount, String member) throws RequestException {
        JsonNode list = required(member);
        if (!list.isArray()) {
            throw wrongType(name(member), list, "a list of objects", "对象列表");
        }
        if (list.isEmpty() || list.size() > maxCount) {
            throw Requests.invalid(
                    name(member),
                    "has " + list.size() + " entries; it has 1 to " + maxCount,
                    "有 " + list.size() + " 项,应包含 1 到 " + maxCount + " 项");
        }
        List<Members> objects = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            String name = name(member) + "[" + i + "]";
            objects.add(of(name, name + ".", list.get(i)));
        }
        return objects;
    }

    /** The value of a member as it is. */
    Optional<JsonNode> find(String... names) {
        for (String name : names) {
            JsonNode node = object.get(name);
            if (node != null && !node.isNull()) {
                return Optional.of(node);
            }
        }
        return Optional.empty();
    }

    private JsonNode required(String... names) throws RequestException {
        return find(names).orElseThrow(() -> Requests.invalid(name(names[0]), "is missing", "缺少该参数"));
    }

    /** The error of a wrong type, with the value that has it. */
    static RequestException wrongType(String name, JsonNode value, String english, String chinese) {
        String shown = value.isObject() ? "{…}" : value.isArray() ? "[…]" : Requests.echo(value.toString());
        return Requests.invalid(name, shown + " has the wrong type: it is " + english, shown + " 类型错误:应为" + chinese);
    }
}
