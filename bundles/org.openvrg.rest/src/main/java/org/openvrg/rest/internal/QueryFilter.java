package org.openvrg.rest.internal;

import java.io.IOException;
import java.util.regex.Pattern;
import javax.servlet.Filter;
import javax.servlet.FilterChain;
import javax.servlet.FilterConfig;
import javax.servlet.ServletException;
import javax.servlet.ServletRequest;
import javax.servlet.ServletResponse;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.http.whiteboard.propertytypes.HttpWhiteboardContextSelect;
import org.osgi.service.http.whiteboard.propertytypes.HttpWhiteboardFilterPattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses a query with broken escapes, which the JAX-RS implementation would take for a failure of ours, and gives the
 * error body to what fails outside of JAX-RS, where the container would answer with a page that shows class names.
 */
@Component(service = Filter.class, immediate = true)
@HttpWhiteboardFilterPattern("/*")
@HttpWhiteboardContextSelect("(osgi.http.whiteboard.context.path=" + VrgApplication.BASE + ")")
public final class QueryFilter implements Filter {
    private static final Logger LOG = LoggerFactory.getLogger(QueryFilter.class);
    private static final Pattern ENCODED = Pattern.compile("(?:[^%]|%[0-9a-fA-F]{2})*+");

    @Override
    public void init(FilterConfig config) {
        // Nothing to configure.
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        HttpServletRequest call = (HttpServletRequest) request;
        String query = call.getQueryString();
        if (query == null || ENCODED.matcher(query).matches()) {
            passOn(call, (HttpServletResponse) response, chain);
            return;
        }
        FallbackServlet.answer(
                call,
                (HttpServletResponse) response,
                Requests.invalid("query", "has an escape that is not % and two hex digits", "含有非法转义,应为 % 加两位十六进制数字"));
    }

    private static void passOn(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException {
        try {
            chain.doFilter(request, response);
        } catch (ServletException | RuntimeException e) {
            LOG.error("a request failed outside of JAX-RS", e);
            if (!response.isCommitted()) {
                response.reset();
                FallbackServlet.answer(request, response, ErrorAnswers.ofStatus(500));
            }
        }
    }

    @Override
    public void destroy() {
        // Nothing to release.
    }
}
