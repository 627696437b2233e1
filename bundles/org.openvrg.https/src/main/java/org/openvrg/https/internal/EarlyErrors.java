package org.openvrg.https.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.openvrg.api.failure.ErrorCode;

/**
 * The error body of the contract for as long as the REST application, which brings its own, is not there: the container
 * would answer with a page of HTML.
 */
final class EarlyErrors extends ErrorHandler {
    private static final String JSON_UTF8 = "application/json;charset=UTF-8";

    /** Replaces the container's own error pages; those of the REST application stay. */
    static void install(Server server) {
        ErrorHandler present = server.getBean(ErrorHandler.class);
        if (present == null || present.getClass() == ErrorHandler.class) {
            server.getBeans(ErrorHandler.class).forEach(server::removeBean);
            EarlyErrors errors = new EarlyErrors();
            errors.setServer(server);
            server.addBean(errors);
        }
    }

    @Override
    public void handle(String target, Request base, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        int status = response.getStatus() == HttpServletResponse.SC_NOT_FOUND
                ? HttpServletResponse.SC_SERVICE_UNAVAILABLE
                : response.getStatus();
        byte[] body = body(status);
        response.setStatus(status);
        response.setContentType(JSON_UTF8);
        response.setHeader("Cache-Control", "no-store");
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
        base.setHandled(true);
    }

    @Override
    public ByteBuffer badMessageError(int status, String reason, HttpFields fields) {
        fields.put(HttpHeader.CONTENT_TYPE, JSON_UTF8);
        return ByteBuffer.wrap(body(status));
    }

    private static byte[] body(int status) {
        boolean client = status < HttpServletResponse.SC_INTERNAL_SERVER_ERROR;
        ErrorCode code = client ? ErrorCode.PARAMETER_INVALID : ErrorCode.UNAVAILABLE;
        String text = client ? "the request is not valid" : "the appliance is starting; try again";
        return ("{\"errorCode\":\"" + code.code() + "\",\"errorDes\":\"" + text + "\"}")
                .getBytes(StandardCharsets.UTF_8);
    }
}
