package org.openvrg.nbd.internal;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedTrustManager;
import org.openvrg.api.service.Identity;

/** TLS 1.3 with the gateway's own certificate; clients are known by their fingerprints, if any are configured. */
public final class TlsContext {
    private TlsContext() {}

    /** Builds the context of a server. */
    public static SslContext of(Identity identity, List<String> clientFingerprints) throws SSLException {
        SslContextBuilder builder = SslContextBuilder.forServer(identity.privateKey(), identity.certificate())
                .protocols("TLSv1.3");
        if (!clientFingerprints.isEmpty()) {
            builder.clientAuth(ClientAuth.REQUIRE).trustManager(new PinnedClients(Set.copyOf(clientFingerprints)));
        }
        return builder.build();
    }

    /** Trusts a certificate by its fingerprint alone; the handshake proves that the client has the key. */
    private static final class PinnedClients extends X509ExtendedTrustManager {
        private final Set<String> fingerprints;

        PinnedClients(Set<String> fingerprints) {
            this.fingerprints = fingerprints;
        }

        private void check(X509Certificate[] chain) throws CertificateException {
            if (chain == null || chain.length == 0) {
                throw new CertificateException("no client certificate");
            }
            try {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(chain[0].getEncoded());
                String fingerprint = HexFormat.of().formatHex(digest);
                if (!fingerprints.contains(fingerprint)) {
                    throw new CertificateException("client certificate " + fingerprint + " is not among the allowed");
                }
            } catch (CertificateException e) {
                throw e;
            } catch (GeneralSecurityException e) {
                throw new CertificateException(e);
            }
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            throw new CertificateException("this side is the server");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            throw new CertificateException("this side is the server");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            throw new CertificateException("this side is the server");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
