package org.openvrg.replication.internal.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.openvrg.api.block.ExportCatalog;
import org.openvrg.api.block.ExportServer;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.file.BootId;
import org.openvrg.api.platform.HypervisorPlatform;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.Identity;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.link.PeerLink;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.production.ProductionSettings;
import org.openvrg.replication.internal.standby.AgentLinks;
import org.openvrg.replication.internal.standby.StandbySettings;
import org.openvrg.wire.LaneSettings;
import org.openvrg.wire.LaneTransport;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Wires the replication engine to the appliance. */
@Component(
        service = {},
        configurationPid = "org.openvrg.replication",
        configurationPolicy = ConfigurationPolicy.REQUIRE,
        immediate = true)
@Designate(ocd = ReplicationComponent.Config.class)
public final class ReplicationComponent {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicationComponent.class);
    private static final long MIB = 1024 * 1024;

    /** {@code etc/org.openvrg.replication.cfg}. */
    @ObjectClassDefinition(name = "VRG replication")
    @interface Config {
        @AttributeDefinition(description = "Folder of journals and bitmaps")
        String directory();

        @AttributeDefinition(
                description = "Folder in the machine's memory, for what is written with every write of a guest")
        String live$_$directory() default "/dev/shm";

        @AttributeDefinition(description = "Limit of the journal of one VM in bytes, from 64 MiB")
        long journal_limit$_$bytes() default 1024 * MIB;

        @AttributeDefinition(description = "Size of a journal segment in bytes, 1 MiB to 1 GiB")
        long journal_segment$_$bytes() default 64 * MIB;

        @AttributeDefinition(description = "Longest time in milliseconds that the journal may keep a write, 1 to 10000")
        int ingest_max$_$latency() default 50;

        @AttributeDefinition(
                description = "Bytes a second that the scrub of all VMs reads, up to 10 GiB; 0 for no scrub")
        long scrub_bytes$_$per$_$second() default 8 * MIB;

        @AttributeDefinition(description = "File with the pairing secret, which also enrols at agents; empty for none")
        String pairing$_$secret$_$file() default "";
    }

    private final Workers workers;
    private final LaneTransport transport;
    private final AgentLinks agents;
    private final ReplicationEngine engine;
    private final ServiceRegistration<ProtectionService> protection;
    private final List<ServiceRegistration<ExportCatalog>> catalogs;
    private final AtomicReference<ExportServer> server = new AtomicReference<>();
    private final Map<HypervisorPlatform, AutoCloseable> platforms = new ConcurrentHashMap<>();

    /** Starts the engine. */
    @Activate
    public ReplicationComponent(
            BundleContext context,
            Config config,
            @Reference Identity identity,
            @Reference PeerLink link,
            @Reference AlarmService alarms)
            throws JournalException, IOException {
        ReplicationEngine.EngineSettings settings = settings(config, identity.vrgUuid());
        prepareLive(settings.production().liveDirectory());
        this.workers = new Workers();
        this.transport = new LaneTransport(identity, LaneSettings.defaults());
        this.agents = new AgentLinks(transport, identity, secret(config.pairing$_$secret$_$file()), workers.timer());
        this.engine =
                new ReplicationEngine(settings, workers, link, agents, alarms, () -> Optional.ofNullable(server.get()));
        this.protection = context.registerService(ProtectionService.class, engine, null);
        this.catalogs = Stream.of(engine.exports(), engine.mirrors())
                .map(catalog -> context.registerService(ExportCatalog.class, catalog, null))
                .toList();
        LOG.info("The replication is up");
    }

    static ReplicationEngine.EngineSettings settings(Config config, UUID owner) {
        if (config.directory() == null || config.directory().isBlank()) {
            throw new IllegalArgumentException("org.openvrg.replication: directory is missing; name a folder");
        }
        check("journal.limit-bytes", config.journal_limit$_$bytes(), 64 * MIB, Long.MAX_VALUE);
        check("journal.segment-bytes", config.journal_segment$_$bytes(), MIB, 1024 * MIB);
        check("scrub.bytes-per-second", config.scrub_bytes$_$per$_$second(), 0, 10_240 * MIB);
        check("ingest.max-latency", config.ingest_max$_$latency(), 1, 10_000);
        Path directory = Path.of(config.directory());
        return new ReplicationEngine.EngineSettings(
                new ProductionSettings(
                        directory.resolve("production"),
                        liveDirectory(config.live$_$directory(), directory),
                        config.journal_segment$_$bytes(),
                        config.journal_limit$_$bytes(),
                        config.ingest_max$_$latency(),
                        config.scrub_bytes$_$per$_$second(),
                        BootId.current()),
                new StandbySettings(
                        directory.resolve("standby"),
                        config.journal_segment$_$bytes(),
                        config.journal_limit$_$bytes(),
                        owner));
    }

    /** A folder that no other gateway on this machine has. */
    private static Path liveDirectory(String parent, Path directory) {
        if (parent == null || parent.isBlank() || !Files.isDirectory(Path.of(parent))) {
            throw new IllegalArgumentException("org.openvrg.replication: live-directory is '" + parent
                    + "'; it must be a folder that exists, and should be in memory, as /dev/shm is");
        }
        UUID own = UUID.nameUUIDFromBytes(
                directory.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8));
        return Path.of(parent).resolve("vrg-" + own);
    }

    /** In a folder where anybody may make files, another user's must not be taken for ours. */
    private static void prepareLive(Path directory) throws IOException {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        UserPrincipal self = directory
                .getFileSystem()
                .getUserPrincipalLookupService()
                .lookupPrincipalByName(System.getProperty("user.name"));
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                || !Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS).equals(self)) {
            throw new IllegalArgumentException("org.openvrg.replication: " + directory
                    + " is not a folder of this user; remove it, or choose another live-directory");
        }
    }

    private static void check(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "org.openvrg.replication: " + key + " is " + value + "; it must be " + least + " to " + most);
        }
    }

    private static Optional<byte[]> secret(String file) throws IOException {
        if (file.isBlank()) {
            return Optional.empty();
        }
        String text = Files.readString(Path.of(file)).strip();
        return text.isEmpty() ? Optional.empty() : Optional.of(text.getBytes(StandardCharsets.UTF_8));
    }

    @Reference(
            service = ExportServer.class,
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            unbind = "removeServer")
    void addServer(ExportServer added) {
        server.set(added);
        engine.exportsReached();
    }

    void removeServer(ExportServer removed) {
        server.compareAndSet(removed, null);
    }

    @Reference(
            service = HypervisorPlatform.class,
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            unbind = "removePlatform")
    void addPlatform(HypervisorPlatform platform, Map<String, Object> properties) {
        String name = String.valueOf(properties.get(HypervisorPlatform.PLATFORM));
        platforms.put(platform, engine.addPlatform(name, platform));
        LOG.info("Platform {} is deployed", name);
    }

    void removePlatform(HypervisorPlatform platform, Map<String, Object> properties) {
        String name = String.valueOf(properties.get(HypervisorPlatform.PLATFORM));
        end(platforms.remove(platform));
        engine.removePlatform(platform);
        LOG.info("Platform {} is removed", name);
    }

    private static void end(AutoCloseable subscription) {
        if (subscription == null) {
            return;
        }
        try {
            subscription.close();
        } catch (Exception e) {
            LOG.warn("A platform does not let go", e);
        }
    }

    /** Stops the engine. */
    @Deactivate
    public void stop() {
        catalogs.forEach(ServiceRegistration::unregister);
        protection.unregister();
        engine.close();
        agents.close();
        transport.close();
        workers.close();
        LOG.info("The replication is down");
    }
}
