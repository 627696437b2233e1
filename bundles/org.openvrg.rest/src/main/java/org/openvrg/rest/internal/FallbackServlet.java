package org.openvrg.rest.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import javax.servlet.RequestDispatcher;
import javax.servlet.Servlet;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.openvrg.api.failure.RequestException;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.http.whiteboard.propertytypes.HttpWhiteboardServletErrorPage;
import org.osgi.service.http.whiteboard.propertytypes.HttpWhiteboardServletPattern;

/**
 * Answers what no other servlet takes, and what the servlet container refuses by itself, with the error body of the
 * contract instead of a page of the container. It needs no other service, so that it answers while the appliance starts.
 */
@Component(service = Servlet.class, immediate = true, property = "service.ranking:Integer=1")
@HttpWhiteboardServletPattern("/*")
@HttpWhiteboardServletErrorPage(errorPage = {"4xx", "5xx"})
public final class FallbackServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Object status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
        String path = Optional.ofNullable(request.getPathInfo()).orElse("") + "/";
        boolean starting = status == null && path.startsWith(VrgApplication.BASE + "/");
        int code = status instanceof Integer number ? number : starting ? 503 : 404;
        answer(request, response, ErrorAnswers.ofStatus(code));
    }

    /** Writes the error body where there is no JAX-RS to do it. */
    static void answer(HttpServletRequest request, HttpServletResponse response, RequestException failure)
            throws IOException {
        byte[] body = ErrorAnswers.body(failure, Language.ofHeader(request.getHeader("Accept-Language")))
                .getBytes(StandardCharsets.UTF_8);
        response.setStatus(failure.error().httpStatus());
        response.setContentType(ErrorAnswers.JSON_UTF8);
        SecurityHeaders.ALL.forEach(response::setHeader);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
