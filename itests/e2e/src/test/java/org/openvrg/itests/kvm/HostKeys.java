package org.openvrg.itests.kvm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Tools;

/** What a host has for TLS with the gateway, as QEMU wants it: a folder with its own key and whom it believes. */
final class HostKeys {
    private final Path folder;
    private final Path certificate;

    /** Makes key and certificate of the host. */
    HostKeys() throws IOException, InterruptedException {
        folder = Files.createDirectories(Path.of(System.getProperty("vrg.work")).resolve("kvm-host-keys"));
        certificate = folder.resolve("client-cert.pem");
        List<String> make = new ArrayList<>(List.of("req", "-x509", "-newkey", "ec", "-pkeyopt"));
        make.addAll(List.of("ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=host"));
        make.addAll(List.of("-keyout", folder.resolve("client-key.pem").toString(), "-out", certificate.toString()));
        Tools.openssl(make);
    }

    /** What the gateway knows the host by. */
    String fingerprint() throws IOException, InterruptedException {
        String said =
                Tools.openssl(List.of("x509", "-in", certificate.toString(), "-noout", "-fingerprint", "-sha256"));
        return said.substring(said.indexOf('=') + 1).strip().replace(":", "").toLowerCase(Locale.ROOT);
    }

    /** Believes a gateway that has been started once. */
    void believe(Appliance gateway) throws IOException, InterruptedException {
        Path identity = gateway.home().resolve("data/identity/identity.pem");
        Tools.openssl(List.of(
                "x509",
                "-in",
                identity.toString(),
                "-out",
                folder.resolve("ca-cert.pem").toString()));
    }

    /** The credentials of a guest's QEMU. */
    String object(String id) {
        return "tls-creds-x509,id=" + id + ",endpoint=client,sanity-check=off,dir=" + folder;
    }
}
