package org.openvrg.rest.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.jaxrs.json.JacksonJsonProvider;
import java.io.IOException;
import java.io.InputStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.ws.rs.BadRequestException;
import javax.ws.rs.Consumes;
import javax.ws.rs.Produces;
import javax.ws.rs.core.MediaType;
import javax.ws.rs.core.MultivaluedMap;
import org.openvrg.api.failure.RequestException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * JSON in and out. Requests are read as trees and never bound to classes, so that what a client sends can't choose what
 * is made of it; answers are records or trees.
 *
 * <p>Limits: {@link #MAX_BODY_BYTES}, {@link #MAX_DEPTH}, {@link #MAX_NUMBER_CHARS}. Duplicate members, trailing text,
 * what is not UTF-8 and halves of surrogate pairs are refused. An absent body is a missing node.
 */
@Consumes(MediaType.WILDCARD)
@Produces(MediaType.WILDCARD)
public final class JsonProvider extends JacksonJsonProvider {
    /** Longest body of a request. */
    static final int MAX_BODY_BYTES = 1024 * 1024;

    /** Deepest nesting of a request. */
    static final int MAX_DEPTH = 32;

    /** Longest number of a request, in characters. */
    static final int MAX_NUMBER_CHARS = 64;

    /** How much of a body that is too long is read and dropped before the answer goes out. */
    private static final long MAX_DRAINED_BYTES = 8L * MAX_BODY_BYTES;

    private static final Logger LOG = LoggerFactory.getLogger(JsonProvider.class);
    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxNumberLength(MAX_NUMBER_CHARS)
                            .maxStringLength(MAX_BODY_BYTES)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

    /** With the mapper of this class. */
    public JsonProvider() {
        super(MAPPER);
    }

    /**
     * Reads a text that is JSON itself.
     *
     * @throws JsonProcessingException when it is not
     */
    static JsonNode parse(String text) throws JsonProcessingException {
        JsonNode tree = MAPPER.readTree(text);
        if (hasNoMeaning(tree)) {
            throw new JsonParseException("a text with half a surrogate pair, or a number that is too large");
        }
        return tree;
    }

    /**
     * Whether there is something that JSON can say and nothing can keep. Half a surrogate pair, said by an escape, is no
     * character: it can't be stored, sent on or answered in UTF-8. A number beyond the largest double would become
     * infinite, which JSON can't say again.
     */
    private static boolean hasNoMeaning(JsonNode tree) {
        if (tree.isTextual()) {
            return hasHalfAPair(tree.textValue());
        }
        if (tree.isDouble() && !Double.isFinite(tree.doubleValue())) {
            return true;
        }
        for (Map.Entry<String, JsonNode> member : tree.properties()) {
            if (hasHalfAPair(member.getKey()) || hasNoMeaning(member.getValue())) {
                return true;
            }
        }
        if (tree.isArray()) {
            for (JsonNode element : tree) {
                if (hasNoMeaning(element)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean hasHalfAPair(String text) {
        return text.codePoints().anyMatch(point -> Character.getType(point) == Character.SURROGATE);
    }

    /** The text of a tree. */
    static String text(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an answer can't be written as JSON", e);
        }
    }

    @Override
    public boolean isReadable(Class<?> type, Type genericType, Annotation[] annotations, MediaType mediaType) {
        return type == JsonNode.class;
    }

    @Override
    public Object readFrom(
            Class<Object> type,
            Type genericType,
            Annotation[] annotations,
            MediaType mediaType,
            MultivaluedMap<String, String> httpHeaders,
            InputStream entityStream)
            throws IOException {
        byte[] body = read(entityStream);
        if (body.length > MAX_BODY_BYTES) {
            drain(entityStream);
            throw refused(Requests.invalid(
                    "body", "has more than " + MAX_BODY_BYTES + " bytes", "请求正文超过 " + MAX_BODY_BYTES + " 字节"));
        }
        String text = utf8(body);
        if (text.isBlank()) {
            return MissingNode.getInstance();
        }
        try (JsonParser parser = MAPPER.createParser(text)) {
            JsonNode tree = MAPPER.readTree(parser);
            if (hasNoMeaning(tree)) {
                throw refused(Requests.invalid(
                        "body",
                        "has a text with half a surrogate pair, or a number that is too large",
                        "请求正文包含不完整的代理对字符或过大的数值"));
            }
            return tree;
        } catch (JsonProcessingException e) {
            throw refused(ErrorAnswers.notJson(e));
        }
    }

    private static byte[] read(InputStream body) {
        try {
            return body.readNBytes(MAX_BODY_BYTES + 1);
        } catch (IOException e) {
            LOG.debug("a request was cut short", e);
            throw refused(Requests.invalid("body", "was cut short", "请求正文不完整"));
        }
    }

    /** Reads on for a while: a client that is still sending when the connection closes may never see the answer. */
    private static void drain(InputStream body) {
        try {
            body.skip(MAX_DRAINED_BYTES);
        } catch (IOException e) {
            LOG.debug("a body that is too long was cut short", e);
        }
    }

    private static String utf8(byte[] body) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException e) {
            throw refused(Requests.invalid("body", "is not UTF-8", "请求正文不是 UTF-8 编码"));
        }
    }

    /** Passes through JAX-RS as it is; the mapper answers with the cause. */
    private static BadRequestException refused(RequestException cause) {
        return new BadRequestException(cause);
    }
}
