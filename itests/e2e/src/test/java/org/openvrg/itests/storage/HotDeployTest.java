package org.openvrg.itests.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Pair;

/**
 * LOCALPOME, with which an appliance starts, is a plug-in as the others are: a DR appliance boots without it, and it
 * comes, goes and comes again under load, while another VM replicates under load onto LUNPOME and does not notice.
 */
class HotDeployTest {
    private static final String LOCALPOME = "org.openvrg.storage.localpome";
    private static final String LUNPOME = "org.openvrg.storage.lunpome";

    @Test
    void localpomeComesAndGoesUnderLoad(@TempDir Path folder)
            throws IOException, InterruptedException, StorageException {
        try (Pair pair = new Pair("hot-deploy").patient()) {
            Appliance dr = pair.dr();
            withoutLocalpome(dr);
            Witness.tellBundleEvents(dr);
            dr.deploy(dr.plugIn(LUNPOME));
            dr.configureNow(LUNPOME + "-test", Map.of("root", folder, "create-missing", true));
            pair.start();
            try (Standby other = new Standby(pair, "LUNPOME", "other.raw", Map.of()).begin()) {
                Witness witness = new Witness(pair);
                try (Standby vm = new Standby(pair, "LOCALPOME", "disk.raw", Map.of())) {
                    vm.awaitNoPlugIn();
                    dr.deploy(dr.plugIn(LOCALPOME));
                    vm.begin();
                    vm.redeploy(dr.plugIn(LOCALPOME));
                    vm.redeploy(dr.plugIn(LOCALPOME));
                    assertEquals(List.of(), complaints(witness), "whatever goes is closed in order");
                    vm.finish(dr.home().resolve("datastore/disk.raw"), () -> {});
                }
                other.load().awaitMore(30);
                // before the last VM goes, with whom the connection to the agent ends
                witness.assertOnlyTouched(Set.of(LOCALPOME));
                other.finish(folder.resolve("other.raw"), () -> {});
            }
        }
    }

    /** What docs/configuration.md says for an appliance that is to start without it. */
    private static void withoutLocalpome(Appliance appliance) throws IOException {
        takeOut(appliance, "etc/startup.properties", LOCALPOME);
        takeOut(appliance, "etc/org.apache.karaf.features.cfg", "vrg-storage-localpome");
    }

    private static void takeOut(Appliance appliance, String name, String what) throws IOException {
        Path file = appliance.home().resolve(name);
        List<String> lines = Files.readAllLines(file);
        List<String> rest = lines.stream().filter(line -> !line.contains(what)).toList();
        assertEquals(lines.size() - 1, rest.size(), "one line of " + name + " names it");
        Files.write(file, rest);
    }

    /** Lines of a volume that failed under the agent. That its entries wait without the plug-in is told, and right. */
    private static List<String> complaints(Witness witness) throws IOException {
        return witness.log()
                .lines()
                .filter(line -> line.contains("| ERROR")
                        || line.contains("could not be flushed")
                        || line.contains("could not be closed"))
                .toList();
    }
}
