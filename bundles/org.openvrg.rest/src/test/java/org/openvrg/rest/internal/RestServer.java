package org.openvrg.rest.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import javax.servlet.DispatcherType;
import org.apache.cxf.jaxrs.servlet.CXFNonSpringJaxrsServlet;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.HandlerList;
import org.eclipse.jetty.servlet.FilterHolder;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;

/** The application over HTTP on loopback, with the JAX-RS implementation and servlet container of the appliance. */
final class RestServer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private final Server server = new Server(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    RestServer(VrgApplication application) throws Exception {
        ServletContextHandler context = new ServletContextHandler();
        context.setContextPath("/");
        context.addServlet(new ServletHolder(new CXFNonSpringJaxrsServlet(application)), VrgApplication.BASE + "/*");
        context.addServlet(new ServletHolder(new FallbackServlet()), "/*");
        context.addFilter(new FilterHolder(new QueryFilter()), "/*", EnumSet.of(DispatcherType.REQUEST));
        server.setHandler(new HandlerList(new MalformedRequestHandler(), context));
        server.start();
    }

    int port() {
        return ((ServerConnector) server.getConnectors()[0]).getLocalPort();
    }

    record Answer(int status, String body, Map<String, String> headers) {
        JsonNode json() throws IOException {
            return JSON.readTree(body);
        }

        String code() throws IOException {
            return json().path("errorCode").asText();
        }

        @Override
        public String toString() {
            return status + " " + body;
        }
    }

    /** Sends a request with the token of a live session. */
    Answer call(String method, String path, String body, String... headers) throws Exception {
        HttpRequest.Builder request = plain(method, path, body).header(SessionFilter.TOKEN, FakeGateway.TOKEN);
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    /** Sends a request without a session. */
    Answer callWithoutToken(String method, String path, String body, String... headers) throws Exception {
        HttpRequest.Builder request = plain(method, path, body);
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    /** Sends bytes as they are, and returns all that comes back. */
    String raw(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
            socket.setSoTimeout((int) TIMEOUT.toMillis());
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.shutdownOutput();
            try (InputStream in = socket.getInputStream()) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        }
    }

    private HttpRequest.Builder plain(String method, String path, String body) {
        URI uri = URI.create("http://127.0.0.1:" + port() + path);
        return HttpRequest.newBuilder(uri)
                .timeout(TIMEOUT)
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
    }

    private Answer send(HttpRequest.Builder request) throws Exception {
        HttpResponse<String> response =
                client.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        Map<String, String> headers = new java.util.TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        response.headers().map().forEach((name, values) -> headers.put(name, values.get(0)));
        return new Answer(response.statusCode(), response.body(), headers);
    }

    void close() throws Exception {
        server.stop();
    }
}
