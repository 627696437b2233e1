package org.openvrg.rest.internal;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import javax.annotation.Priority;
import javax.ws.rs.container.ContainerRequestContext;
import javax.ws.rs.container.ContainerRequestFilter;
import javax.ws.rs.container.ContainerResponseContext;
import javax.ws.rs.container.ContainerResponseFilter;
import javax.ws.rs.container.PreMatching;
import javax.ws.rs.core.HttpHeaders;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;

/**
 * Checks what the headers of a request say about method, version and type before anything else looks at it, and puts
 * the headers that all answers have in common.
 *
 * <p>Answers are JSON whatever else {@code Accept} names; only its {@code version} is looked at.
 */
@PreMatching
@Priority(HeaderFilter.FIRST)
public final class HeaderFilter implements ContainerRequestFilter, ContainerResponseFilter {
    /** Before the filters of all standard priorities. */
    static final int FIRST = 100;

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "DELETE");
    /** Methods that HTTP knows and no resource has. */
    private static final Set<String> NEVER = Set.of("PATCH", "OPTIONS", "TRACE", "CONNECT");

    private static final Set<String> VERSIONS = Set.of("v1.0", "1.0");
    private static final Set<String> JSON_RANGES = Set.of("application/json", "application/*", "*/*", "*");
    private static final Pattern JSON = Pattern.compile("application/([a-z0-9.-]+\\+)?json");
    private static final String JSON_TYPE = "application/json";

    @Override
    public void filter(ContainerRequestContext request) {
        Language language = Language.ofHeader(request.getHeaderString(HttpHeaders.ACCEPT_LANGUAGE));
        if (NEVER.contains(request.getMethod())) {
            // As one of them, so that the implementation says what the resource has instead of answering OPTIONS
            // itself.
            request.setMethod("PATCH");
        } else if (!METHODS.contains(request.getMethod())) {
            refuse(request, ErrorAnswers.ofStatus(501), language);
            return;
        }
        String accept = request.getHeaderString(HttpHeaders.ACCEPT);
        if (!asksForServedVersion(accept)) {
            refuse(
                    request,
                    Requests.invalid("Accept", accept, "names version v1.0, or none", "支持的版本为 v1.0,也可以不携带 version"),
                    language);
            return;
        }
        String type = request.getHeaderString(HttpHeaders.CONTENT_TYPE);
        if (type != null && !isJson(type) && mayHaveBody(request)) {
            String english = "Content-Type " + Requests.echo(type) + " is not valid: it is application/json";
            String chinese = "Content-Type " + Requests.echo(type) + " 不合法:应为 application/json";
            refuse(request, new RequestException(ErrorCode.MEDIA_TYPE, english, chinese), language);
            return;
        }
        // One form from here on, so that no parser of the implementation stumbles over what a client wrote.
        request.getHeaders().putSingle(HttpHeaders.ACCEPT, JSON_TYPE);
        request.getHeaders().putSingle(HttpHeaders.CONTENT_TYPE, JSON_TYPE);
    }

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        SecurityHeaders.ALL.forEach((name, value) -> response.getHeaders().putSingle(name, value));
    }

    /**
     * Whether one of the entries that JSON fits names no version, or one that is served. Entries of other types are
     * passed over: answers are JSON anyway.
     *
     * @param accept value of the header, {@code null} when there is none
     */
    static boolean asksForServedVersion(String accept) {
        if (accept == null) {
            return true;
        }
        boolean refused = false;
        for (String entry : accept.split(",")) {
            String version = "";
            String[] parts = entry.split(";", -1);
            if (!JSON_RANGES.contains(parts[0].strip().toLowerCase(Locale.ROOT))) {
                continue;
            }
            for (int i = 1; i < parts.length; i++) {
                String parameter = parts[i].strip().toLowerCase(Locale.ROOT);
                if (parameter.startsWith("version=")) {
                    version = parameter
                            .substring("version=".length())
                            .replace("\"", "")
                            .strip();
                    version = version.isEmpty() ? "none" : version;
                }
            }
            if (version.isEmpty() || VERSIONS.contains(version)) {
                return true;
            }
            refused = true;
        }
        return !refused;
    }

    private static boolean isJson(String contentType) {
        String type = contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        return type.isEmpty() || JSON.matcher(type).matches();
    }

    /** A call that is made of headers only may come with any type that a client puts by habit. */
    private static boolean mayHaveBody(ContainerRequestContext request) {
        String length = request.getHeaderString(HttpHeaders.CONTENT_LENGTH);
        boolean empty =
                length != null ? "0".equals(length.strip()) : request.getHeaderString("Transfer-Encoding") == null;
        return !empty && ("POST".equals(request.getMethod()) || "PUT".equals(request.getMethod()));
    }

    private static void refuse(ContainerRequestContext request, RequestException failure, Language language) {
        request.abortWith(ErrorAnswers.answer(failure, language));
    }
}
