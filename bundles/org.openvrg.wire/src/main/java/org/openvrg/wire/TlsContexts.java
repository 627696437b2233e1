package org.openvrg.wire;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.net.Socket;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedTrustManager;
import org.openvrg.api.service.Identity;

/**
 * TLS as all lanes use it: version 1.3, one cipher, certificates on both sides. Any certificate is let in here; TLS
 * proves that the peer has its key, and the user of the lane compares the fingerprint with the pinned one.
 */
record TlsContexts(SslContext client, SslContext server) {
    private static final List<String> CIPHERS = List.of("TLS_AES_128_GCM_SHA256");
    private static final String VERSION = "TLSv1.3";

    static TlsContexts of(Identity identity) throws SSLException {
        AnyCertificate any = new AnyCertificate();
        SslContext client = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .keyManager(identity.privateKey(), identity.certificate())
                .trustManager(any)
                .endpointIdentificationAlgorithm(null)
                .protocols(VERSION)
                .ciphers(CIPHERS)
                .build();
        SslContext server = SslContextBuilder.forServer(identity.privateKey(), identity.certificate())
                .sslProvider(SslProvider.JDK)
                .trustManager(any)
                .clientAuth(ClientAuth.REQUIRE)
                .protocols(VERSION)
                .ciphers(CIPHERS)
                .build();
        return new TlsContexts(client, server);
    }

    /** SHA-256 of the certificate that the peer of a finished handshake showed, in lower-case hex. */
    static String peerFingerprint(SSLSession session) throws SSLPeerUnverifiedException {
        Certificate[] chain = session.getPeerCertificates();
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(chain[0].getEncoded());
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException | CertificateException e) {
            throw new IllegalStateException("the certificate of a finished handshake can't be hashed", e);
        }
    }

    /** See the class comment. */
    private static final class AnyCertificate extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            checkPresent(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            checkPresent(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            checkPresent(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            checkPresent(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            checkPresent(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            checkPresent(chain);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }

        private static void checkPresent(X509Certificate[] chain) throws CertificateException {
            if (chain.length == 0) {
                throw new CertificateException("the peer shows no certificate");
            }
        }
    }
}
