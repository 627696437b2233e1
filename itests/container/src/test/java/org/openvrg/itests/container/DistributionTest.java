package org.openvrg.itests.container;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.systemTimeout;
import static org.ops4j.pax.exam.CoreOptions.vmOption;
import static org.ops4j.pax.exam.karaf.options.KarafDistributionOption.editConfigurationFilePut;
import static org.ops4j.pax.exam.karaf.options.KarafDistributionOption.karafDistributionConfiguration;
import static org.ops4j.pax.exam.karaf.options.KarafDistributionOption.keepRuntimeFolder;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import javax.inject.Inject;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.openvrg.api.block.ExportCatalog;
import org.openvrg.api.platform.HypervisorPlatform;
import org.openvrg.api.service.AlarmAdmin;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.Identity;
import org.openvrg.api.service.PairingService;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.api.service.SessionService;
import org.openvrg.api.service.StrategyService;
import org.openvrg.api.storage.StorageProvider;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/** Looks inside the container of our distribution, which no test from outside can. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class DistributionTest {
    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final String OURS = "org.openvrg.";
    private static final String HTTP_PORT = "vrg.test.http-port";

    @Inject
    private BundleContext context;

    @Inject
    private ServiceComponentRuntime components;

    /** Our archive as it ships, on free ports. */
    @Configuration
    public Option[] configuration() throws IOException {
        String httpPort = freePort();
        List<Option> options = new ArrayList<>(List.of(
                vmOption("-D" + HTTP_PORT + "=" + httpPort),
                karafDistributionConfiguration()
                        .frameworkUrl("file:" + System.getProperty("vrg.distribution"))
                        .name("VRG")
                        .karafVersion("4.4.10")
                        .unpackDirectory(Path.of(System.getProperty("vrg.work")).toFile())
                        .useDeployFolder(false),
                keepRuntimeFolder(),
                systemTimeout(TimeUnit.MINUTES.toMillis(1)),
                editConfigurationFilePut("etc/org.ops4j.pax.web.cfg", "org.osgi.service.http.port", httpPort),
                editConfigurationFilePut("etc/org.openvrg.https.cfg", "port", freePort()),
                editConfigurationFilePut("etc/org.openvrg.nbd.cfg", "port", freePort()),
                editConfigurationFilePut("etc/org.openvrg.link.cfg", "port", freePort()),
                editConfigurationFilePut("etc/org.openvrg.writeagent.cfg", "port", freePort()),
                // Pax Exam adds its own features at boot. While that goes on, the resolver sees less than there is, and
                // bundles of ours that start in that moment may fail: so it has to come after them.
                editConfigurationFilePut(
                        "etc/startup.properties",
                        "mvn:org.apache.karaf.features/org.apache.karaf.features.core/4.4.10",
                        "95"),
                // where the bundles of Pax Exam itself come from; our distribution fetches nothing
                editConfigurationFilePut(
                        "etc/org.ops4j.pax.url.mvn.cfg",
                        "org.ops4j.pax.url.mvn.repositories",
                        "file:" + System.getProperty("vrg.repository") + "@id=build@snapshots")));
        java17().forEach(option -> options.add(vmOption(option)));
        return options.toArray(new Option[0]);
    }

    /** What bin/karaf gives a JVM; Pax Exam starts the container without that script. */
    private static List<String> java17() {
        String endorsed = "lib/endorsed/org.apache.karaf.specs.";
        return List.of(
                "--add-reads=java.xml=java.logging",
                "--add-exports=java.base/org.apache.karaf.specs.locator=java.xml,ALL-UNNAMED",
                "--patch-module",
                "java.base=" + endorsed + "locator-4.4.10.jar",
                "--patch-module",
                "java.xml=" + endorsed + "java.xml-4.4.10.jar",
                "--add-opens",
                "java.base/java.security=ALL-UNNAMED",
                "--add-opens",
                "java.base/java.net=ALL-UNNAMED",
                "--add-opens",
                "java.base/java.lang=ALL-UNNAMED",
                "--add-opens",
                "java.base/java.util=ALL-UNNAMED",
                "--add-opens",
                "java.naming/javax.naming.spi=ALL-UNNAMED",
                "--add-opens",
                "java.rmi/sun.rmi.transport.tcp=ALL-UNNAMED",
                "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
                "-Djdk.util.zip.disableZip64ExtraFieldValidation=true",
                "-classpath",
                "lib/jdk9plus/*" + java.io.File.pathSeparator + "lib/boot/*");
    }

    private static String freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return String.valueOf(socket.getLocalPort());
        }
    }

    /**
     * Waits until REST answers. Besides being worth a check, this keeps the tests from ending while the web server is
     * still settling: stopped in that moment, it may wait for itself for ever.
     */
    @Before
    public void awaitRest() {
        URI versions = URI.create("http://127.0.0.1:" + System.getProperty(HTTP_PORT) + "/vrgservice/versions");
        awaitNothing(() -> {
            try {
                HttpURLConnection connection =
                        (HttpURLConnection) versions.toURL().openConnection();
                connection.setConnectTimeout(1000);
                connection.setReadTimeout(5000);
                int status = connection.getResponseCode();
                return status == 200 ? List.of() : List.of(versions + " answers " + status);
            } catch (IOException e) {
                return List.of(versions + ": " + e);
            }
        });
    }

    @Test
    public void startsEveryBundle() {
        awaitNothing(() -> Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null)
                .filter(bundle -> bundle.getState() != Bundle.ACTIVE)
                .map(bundle -> bundle.getSymbolicName() + " is in state " + bundle.getState())
                .toList());
    }

    @Test
    public void hasEveryBundleOfOurs() {
        Set<String> found = new TreeSet<>();
        for (Bundle bundle : context.getBundles()) {
            if (bundle.getSymbolicName().startsWith(OURS)) {
                found.add(bundle.getSymbolicName().substring(OURS.length()));
            }
        }
        assertEquals(
                new TreeSet<>(Set.of(
                        "alarm",
                        "api",
                        "control",
                        "https",
                        "identity",
                        "journal",
                        "link",
                        "nbd",
                        "network",
                        "platform.inline",
                        "qemu",
                        "replication",
                        "rest",
                        "storage.localpome",
                        "wire",
                        "writeagent")),
                found);
    }

    @Test
    public void satisfiesEveryComponentOfOurs() {
        awaitNothing(() -> {
            List<String> waiting = new ArrayList<>();
            for (ComponentDescriptionDTO description : components.getComponentDescriptionDTOs(ourBundles())) {
                Collection<ComponentConfigurationDTO> configurations =
                        components.getComponentConfigurationDTOs(description);
                if (configurations.isEmpty()) {
                    waiting.add(description.name + " has no configuration");
                }
                for (ComponentConfigurationDTO configuration : configurations) {
                    boolean good = configuration.state == ComponentConfigurationDTO.SATISFIED
                            || configuration.state == ComponentConfigurationDTO.ACTIVE;
                    if (!good) {
                        waiting.add(description.name + " is in state " + configuration.state + ": "
                                + Arrays.toString(configuration.unsatisfiedReferences) + " " + configuration.failure);
                    }
                }
            }
            return waiting;
        });
    }

    @Test
    public void registersTheServices() {
        awaitNothing(() -> List.of(
                        AlarmAdmin.class,
                        AlarmService.class,
                        ConfigStore.class,
                        ExportCatalog.class,
                        Identity.class,
                        PairingService.class,
                        ProtectionService.class,
                        SessionService.class,
                        StrategyService.class)
                .stream()
                .filter(service -> context.getServiceReference(service) == null)
                .map(service -> service.getSimpleName() + " is not registered")
                .toList());
    }

    @Test
    public void registersThePlugInsByTheirProperties() {
        awaitNothing(() -> {
            List<String> missing = new ArrayList<>();
            if (references(HypervisorPlatform.class, "(platform=inline)").isEmpty()) {
                missing.add("platform inline");
            }
            if (references(StorageProvider.class, "(volType=LOCALPOME)").isEmpty()) {
                missing.add("volType LOCALPOME");
            }
            return missing;
        });
    }

    @Test
    public void bindsEveryPortWithoutComplaint() throws IOException {
        Path log = Path.of(System.getProperty("karaf.log"), "vrg.log");
        assertTrue(Files.exists(log));
        String text = new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
        assertFalse(text, text.contains("Failed to bind") || text.contains("Address already in use"));
    }

    private Bundle[] ourBundles() {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getSymbolicName().startsWith(OURS))
                .toArray(Bundle[]::new);
    }

    private <T> Collection<ServiceReference<T>> references(Class<T> service, String filter) {
        try {
            return context.getServiceReferences(service, filter);
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(filter, e);
        }
    }

    private static void awaitNothing(Supplier<List<String>> missing) {
        long start = System.nanoTime();
        List<String> now = missing.get();
        while (!now.isEmpty() && System.nanoTime() - start < DEADLINE_NANOS) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            now = missing.get();
        }
        assertTrue(String.join("\n", now), now.isEmpty());
    }
}
