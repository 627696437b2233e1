package org.openvrg.rest.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.annotation.Annotation;
import javax.ws.rs.WebApplicationException;
import javax.ws.rs.core.MediaType;
import javax.ws.rs.core.MultivaluedHashMap;
import javax.ws.rs.core.MultivaluedMap;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.fuzz.Check;

/**
 * Bodies of requests, through the JSON provider and the reader of strategies. Each is taken or answered with an error
 * of the contract, never with 500, and whatever comes of it can be sent as an answer.
 */
public final class BodiesFuzz {
    private static final JsonProvider PROVIDER = new JsonProvider();
    private static final long HEAP_BYTES = 24L << 20;
    private static final Annotation[] NONE = {};

    private BodiesFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(HEAP_BYTES, () -> one(data));
    }

    private static void one(byte[] body) throws IOException {
        JsonNode tree;
        try {
            tree = read(body);
        } catch (WebApplicationException e) {
            answered(e);
            return;
        }
        if (!tree.isMissingNode()) {
            Check.equal(tree, read(written(tree)), "a body that was written and read again");
        }
        VmStrategy strategy;
        try {
            strategy = StrategyReader.read(tree);
        } catch (RequestException e) {
            answered(e);
            return;
        }
        fits(strategy);
    }

    private static JsonNode read(byte[] body) throws IOException {
        @SuppressWarnings("unchecked")
        Class<Object> type = (Class<Object>) (Class<?>) JsonNode.class;
        MultivaluedMap<String, String> headers = new MultivaluedHashMap<>();
        return (JsonNode) PROVIDER.readFrom(
                type, JsonNode.class, NONE, MediaType.APPLICATION_JSON_TYPE, headers, new ByteArrayInputStream(body));
    }

    private static byte[] written(Object value) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PROVIDER.writeTo(
                value,
                value.getClass(),
                value.getClass(),
                NONE,
                MediaType.APPLICATION_JSON_TYPE,
                new MultivaluedHashMap<>(),
                out);
        return out.toByteArray();
    }

    /** A failure is one of the client, has both texts, and its answer can be written. */
    private static void answered(Throwable failure) throws IOException {
        for (Language language : Language.values()) {
            Response answer = ErrorAnswers.answer(failure, language);
            Check.that(answer.getStatus() >= 400 && answer.getStatus() < 500, "answered with " + answer.getStatus());
            ErrorAnswers.ErrorBody body = (ErrorAnswers.ErrorBody) answer.getEntity();
            Check.that(!body.errorCode().equals(ErrorCode.FAILURE.code()), "an error of the appliance is told");
            Check.that(
                    body.errorDes().length() < 4096,
                    "an error of " + body.errorDes().length() + " characters");
            Check.equal(body.errorDes(), read(written(body)).get("errorDes").textValue(), "text of an error");
        }
    }

    /** What was accepted has the forms of the contract, and can be answered by {@code GET}. */
    private static void fits(VmStrategy strategy) throws IOException {
        int disks = strategy.volumes().size();
        Check.that(disks >= 1 && disks <= StrategyReader.MAX_VOLUMES, disks + " volumes");
        JsonNode answer = read(written(strategy.vmName().orElse("")));
        Check.equal(strategy.vmName().orElse(""), answer.textValue(), "name of a VM in an answer");
        if (strategy instanceof VmStrategy.Standby standby) {
            Check.that(IpLiterals.isHost(standby.agentIp()), "an agent's address: " + standby.agentIp());
            Check.that(standby.agentPort() >= 1 && standby.agentPort() <= 65_535, "port " + standby.agentPort());
            for (StandbyDisk disk : standby.disks()) {
                String url = disk.volumeUrl();
                Check.equal(url, read(written(url)).textValue(), "volume URL in an answer");
                Check.that(disk.extParams().size() <= StrategyReader.MAX_EXT_PARAMS, "number of parameters");
                for (var parameter : disk.extParams().entrySet()) {
                    Check.equal(
                            parameter.getKey(),
                            read(written(parameter.getKey())).textValue(),
                            "parameter");
                    Check.equal(
                            parameter.getValue(),
                            read(written(parameter.getValue())).textValue(),
                            "parameter");
                }
            }
        }
    }
}
