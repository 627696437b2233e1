package org.openvrg.https.internal;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes a P-256 key (FIPS 186) and a server certificate (RFC 5280) signed with it. Stateless. */
final class CertificateMaker {
    /** Password of the file that is made here: its mode is what protects it. */
    static final String PASSWORD = "";

    private static final Logger LOG = LoggerFactory.getLogger(CertificateMaker.class);
    private static final String ALIAS = "https";
    private static final X500Name NAME = new X500Name("CN=VRG");
    private static final int SERIAL_BITS = 127;

    /** A client whose clock is a little late can connect all the same. */
    private static final Duration BACKDATED = Duration.ofDays(1);

    private CertificateMaker() {}

    /**
     * Makes both.
     *
     * @param names DNS names and IP literals, besides those of this host
     */
    static Credential make(Collection<String> names, Duration validity, Instant now)
            throws GeneralSecurityException, IOException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                            NAME,
                            new BigInteger(SERIAL_BITS, new SecureRandom()).add(BigInteger.ONE),
                            Date.from(now.minus(BACKDATED)),
                            Date.from(now.plus(validity)),
                            NAME,
                            pair.getPublic())
                    .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                    .addExtension(
                            Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
                    .addExtension(Extension.subjectAlternativeName, false, alternatives(names));
            X509Certificate certificate = new JcaX509CertificateConverter()
                    .getCertificate(
                            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate())));
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry(ALIAS, pair.getPrivate(), PASSWORD.toCharArray(), new Certificate[] {certificate});
            return new Credential(store, PASSWORD, certificate);
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException("the certificate can't be made", e);
        }
    }

    private static GeneralNames alternatives(Collection<String> names) {
        Set<String> all = new LinkedHashSet<>(List.of("localhost", "127.0.0.1", "::1"));
        try {
            String own = InetAddress.getLocalHost().getHostName();
            if (Settings.isName(own)) {
                all.add(own);
            }
        } catch (UnknownHostException e) {
            LOG.info("this host does not know its own name: the certificate of HTTPS is made without one", e);
        }
        all.addAll(names);
        return new GeneralNames(all.stream()
                .map(name -> new GeneralName(Settings.isIp(name) ? GeneralName.iPAddress : GeneralName.dNSName, name))
                .toArray(GeneralName[]::new));
    }
}
