package org.openvrg.rest.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.AbstractHandler;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.osgi.service.component.annotations.Component;

/**
 * Gives the error body of the contract to requests that are not HTTP, which the container refuses before any servlet
 * sees them: a broken escape in the path, a header that is too long.
 *
 * <p>Being a handler is how the container hands over its server, whose answer to such requests is replaced for as long
 * as this one runs. What it handles itself: the bare base of the application, which the container would answer with a
 * redirect; TRACE, which it would refuse without a body; and a {@code Host} that is no host. One written as a URL, as
 * the vendor's samples have it, is taken for the host in it.
 *
 * <p>It is no service of type {@code Handler}: for each of those the container starts its server anew. The bundle that
 * tends the web server lets it take part.
 */
@Component(service = AbstractHandler.class, immediate = true)
public final class MalformedRequestHandler extends AbstractHandler {
    private static final Pattern HOST =
            Pattern.compile("(?:https?://)?([A-Za-z0-9._~-]+|\\[[0-9A-Fa-f:.]+])(?::([0-9]{1,5}))?/?");

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
        Optional<RequestException> refusal = refusal(target, base);
        if (refusal.isPresent()) {
            if (refusal.get().error() == ErrorCode.METHOD_NOT_ALLOWED) {
                response.setHeader(HttpHeader.ALLOW.asString(), "DELETE, GET, HEAD, POST, PUT");
            }
            FallbackServlet.answer(request, response, refusal.get());
            base.setHandled(true);
        }
    }

    private static Optional<RequestException> refusal(String target, Request base) {
        if (HttpMethod.TRACE.is(base.getMethod())) {
            return Optional.of(ErrorAnswers.ofStatus(405));
        }
        String host = base.getHeader(HttpHeader.HOST.asString());
        if (host != null && !host.isEmpty()) {
            Matcher written = HOST.matcher(host.strip());
            if (!written.matches()) {
                return Optional.of(
                        Requests.invalid("Host", host, "is an address, with a port or without", "应为地址,可带端口"));
            }
            base.setAuthority(written.group(1), written.group(2) == null ? 0 : Integer.parseInt(written.group(2)));
        }
        return VrgApplication.BASE.equals(target) ? Optional.of(ErrorAnswers.ofStatus(404)) : Optional.empty();
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

    /** The error body for what is no request, and for what no servlet answers while the appliance starts. */
    private static final class JsonErrors extends ErrorHandler {
        @Override
        public void handle(String target, Request base, HttpServletRequest request, HttpServletResponse response)
                throws IOException {
            boolean starting = response.getStatus() == HttpServletResponse.SC_NOT_FOUND
                    && (target + "/").startsWith(VrgApplication.BASE + "/");
            FallbackServlet.answer(request, response, ErrorAnswers.ofStatus(starting ? 503 : response.getStatus()));
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
