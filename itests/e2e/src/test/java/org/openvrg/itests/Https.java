package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Plain sockets and HTTP clients for both ports of an appliance. Stateless. */
final class Https {
    private static final int TIMEOUT_MILLIS = 60_000;

    private Https() {}

    /** A client that trusts one certificate, and checks the address. */
    static HttpClient trusting(X509Certificate certificate) throws GeneralSecurityException, IOException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("appliance", certificate);
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(5))
                .sslContext(context)
                .build();
    }

    /** The certificate that a port serves, whoever signed it. */
    static X509Certificate served(int port) throws IOException {
        AtomicReference<X509Certificate> seen = new AtomicReference<>();
        try (Socket socket = socket(port, true, Optional.of(seen))) {
            assertTrue(socket.isConnected());
            return seen.get();
        }
    }

    /** SHA-256 of a certificate. */
    static String fingerprint(X509Certificate certificate) throws GeneralSecurityException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
    }

    /** A connection, under TLS with any certificate where asked for. */
    static Socket socket(int port, boolean tls) throws IOException {
        return socket(port, tls, Optional.empty());
    }

    private static Socket socket(int port, boolean tls, Optional<AtomicReference<X509Certificate>> seen)
            throws IOException {
        Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
        plain.setSoTimeout(TIMEOUT_MILLIS);
        plain.setTcpNoDelay(true);
        if (!tls) {
            return plain;
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Anyone(seen)}, null);
            javax.net.ssl.SSLSocket socket =
                    (javax.net.ssl.SSLSocket) context.getSocketFactory().createSocket(plain, "127.0.0.1", port, true);
            socket.startHandshake();
            return socket;
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    /** Sends bytes as they are and returns all that comes back until the server closes. */
    static String exchange(int port, boolean tls, byte[] request) throws IOException {
        try (Socket socket = socket(port, tls)) {
            socket.getOutputStream().write(request);
            socket.getOutputStream().flush();
            return rest(socket);
        }
    }

    /** All that comes until the server closes. */
    static String rest(Socket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        try (InputStream in = socket.getInputStream()) {
            byte[] buffer = new byte[8192];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                text.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the server neither answers nor closes; so far: " + text, e);
        } catch (IOException e) {
            // A close that did not wait for all that was sent ends as a reset: what came before it counts.
            return text.toString();
        }
        return text.toString();
    }

    /** Takes any certificate, and remembers it. */
    private record Anyone(Optional<AtomicReference<X509Certificate>> seen) implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {
            throw new UnsupportedOperationException("this is a client");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {
            seen.ifPresent(reference -> reference.set(chain[0]));
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
