package org.openvrg.rest.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.AbstractHandler;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.osgi.service.component.annotations.Component;

/**
 * Gives the error body of the contract to requests that are not HTTP, which the container refuses before any servlet
 * sees them: a broken escape in the path, a header that is too long.
 *
 * <p>Being a handler is how the container hands over its server, whose answer to such requests is replaced for as long
 * as this one runs. The requests that it handles itself are the bare base of the application, which the container would
 * answer with a redirect, and those of method TRACE, which it would answer without a body.
 *
 * <p>It is no service of type {@code Handler}: for each of those the container starts its server anew. The bundle that
 * tends the web server lets it take part.
 */
@Component(service = AbstractHandler.class, immediate = true)
public final class MalformedRequestHandler extends AbstractHandler {
    @Override
    public void setServer(Server server) {
        super.setServer(server);
        if (server != null) {
            replace(server, new JsonErrors());
        }
    }

    @Override
    public void handle(String target, Request base, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        if (base.isHandled()) {
            return;
        }
        if (HttpMethod.TRACE.is(request.getMethod())) {
            FallbackServlet.answer(request, response, ErrorAnswers.ofStatus(405));
            base.setHandled(true);
        } else if (VrgApplication.BASE.equals(target)) {
            FallbackServlet.answer(request, response, ErrorAnswers.ofStatus(404));
            base.setHandled(true);
        }
    }

    @Override
    protected void doStop() throws Exception {
        if (getServer() != null && getServer().getBean(JsonErrors.class) != null) {
            replace(getServer(), new ErrorHandler());
        }
        super.doStop();
    }

    private static void replace(Server server, ErrorHandler errors) {
        server.getBeans(ErrorHandler.class).forEach(server::removeBean);
        errors.setServer(server);
        server.addBean(errors);
    }

    /** The error body for what is no request, and for what comes before there are servlets. */
    private static final class JsonErrors extends ErrorHandler {
        @Override
        public void handle(String target, Request base, HttpServletRequest request, HttpServletResponse response)
                throws IOException {
            int status = response.getStatus() == HttpServletResponse.SC_NOT_FOUND
                    ? HttpServletResponse.SC_SERVICE_UNAVAILABLE
                    : response.getStatus();
            FallbackServlet.answer(request, response, ErrorAnswers.ofStatus(status));
            base.setHandled(true);
        }

        @Override
        public ByteBuffer badMessageError(int status, String reason, HttpFields fields) {
            fields.put(HttpHeader.CONTENT_TYPE, ErrorAnswers.JSON_UTF8);
            SecurityHeaders.ALL.forEach(fields::put);
            String body = ErrorAnswers.body(ErrorAnswers.ofStatus(status), Language.EN_US);
            return ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8));
        }
    }
}
