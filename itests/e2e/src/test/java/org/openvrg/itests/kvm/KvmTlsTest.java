package org.openvrg.itests.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Tools;

/** A guest whose writes go to the gateway over TLS, with the certificates of both ends checked. */
class KvmTlsTest {
    private static final System.Logger LOG = System.getLogger(KvmTlsTest.class.getName());
    private static final Duration TOOL = Duration.ofMinutes(1);

    @Test
    void aGuestIsCapturedOverTls() throws IOException, InterruptedException {
        Path keys = Files.createTempDirectory(Path.of(System.getProperty("vrg.work")), "kvm-tls-keys");
        String fingerprint = makeClient(keys);
        try (KvmLab lab = new KvmLab("kvm-tls", pair -> {
            pair.production().configure("org.openvrg.nbd", "tls", "required");
            pair.production().configure("org.openvrg.nbd", "tls-client-fingerprints", fingerprint);
            pair.production().configure("org.openvrg.platform.kvm-lab", "tls-credentials", "vrg");
        })) {
            Path identity = lab.pair().production().home().resolve("data/identity/identity.pem");
            openssl(
                    "x509",
                    "-in",
                    identity.toString(),
                    "-out",
                    keys.resolve("ca-cert.pem").toString());
            Guest guest = lab.emptyGuest("tls", lab.newDisk("raw"));
            guest.option("-object", "tls-creds-x509,id=vrg,endpoint=client,sanity-check=off,dir=" + keys);
            guest.start();
            guest.makeFileSystem();
            assertEquals(List.of(3, 1), lab.protect(guest, guest.volume()), "states of the VM");
            guest.run("dd if=/dev/urandom of=/mnt/file bs=1M count=4 && sync");
            lab.awaitDrained(guest);
            lab.assertEqual(guest.volume());
            // a gateway that comes again is connected to in the same way
            lab.pair().production().kill();
            guest.run("dd if=/dev/urandom of=/mnt/file bs=1M count=4 conv=notrunc && sync");
            lab.pair().production().start();
            lab.pair().awaitPaired();
            lab.awaitDrained(guest);
            lab.assertEqual(guest.volume());
            try (Monitor monitor = guest.monitor()) {
                Tools.Result clear =
                        Tools.run(TOOL, List.of("nbdinfo", lab.pair().uri(guest.volume())));
                assertNotEquals(0, clear.code(), clear.output());
                String nodes = monitor.execute("query-named-block-nodes").toString();
                assertTrue(nodes.contains(lab.pair().uri(guest.volume())), nodes);
                LOG.log(
                        Level.INFO,
                        "mirrored to {0}; without TLS: {1}",
                        lab.pair().uri(guest.volume()),
                        clear.output());
            }
        }
    }

    /** Key and certificate of the host; the certificate's fingerprint. */
    private static String makeClient(Path folder) throws IOException, InterruptedException {
        Path certificate = folder.resolve("client-cert.pem");
        List<String> make = new ArrayList<>(List.of("req", "-x509", "-newkey", "ec", "-pkeyopt"));
        make.addAll(List.of("ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=host"));
        make.addAll(List.of("-keyout", folder.resolve("client-key.pem").toString(), "-out", certificate.toString()));
        openssl(make.toArray(String[]::new));
        String said = openssl("x509", "-in", certificate.toString(), "-noout", "-fingerprint", "-sha256");
        return said.substring(said.indexOf('=') + 1).strip().replace(":", "").toLowerCase(Locale.ROOT);
    }

    private static String openssl(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        return Tools.succeed(TOOL, command);
    }
}
