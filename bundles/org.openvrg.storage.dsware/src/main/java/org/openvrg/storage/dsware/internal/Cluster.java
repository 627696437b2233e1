package org.openvrg.storage.dsware.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.ImageFolder;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.file.OwnedVolumes;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.BlockLayer;
import org.openvrg.qemu.storage.BlockSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * RBD images of a Ceph cluster, through QEMU's block layer. An image must have the feature exclusive-lock: it fences a
 * client that was given up, whose writes could else arrive after those of its successor. Thread-safe.
 */
final class Cluster implements NamedStores.Store {
    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
    private static final String ADDRESS = "dsMgntIp";
    private static final String RESOURCE = "dsResourceId";
    private static final String FEATURE = "exclusive-lock";
    private static final String FEATURES = "layering,exclusive-lock,object-map,fast-diff";
    private static final String IMAGE_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,199}";

    private final Settings settings;
    private final BlockLayer blocks;
    private final CephTools tools;
    private final OwnedVolumes volumes = new OwnedVolumes();
    /** Address of the client that opened an image last, for each that was opened. */
    private final Map<String, String> lastClients = new ConcurrentHashMap<>();

    Cluster(Settings settings, BlockLayer blocks) {
        this.settings = settings;
        this.blocks = blocks;
        this.tools = new CephTools(settings, blocks);
    }

    @Override
    public String dsUrn() {
        return settings.dsUrn();
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        String name = ImageFolder.printable(spec.volumeUrl());
        String pool = pool(spec, name);
        String image = spec.volumeUrl();
        if (!image.matches(IMAGE_NAME)) {
            throw ImageFolder.wrong(name, "the URL must be the name of an image: letters, digits, '.', '_' and '-'");
        }
        JsonNode info = info(pool, image, spec.sizeBytes(), name);
        return volumes.open(
                "rbd " + settings.monitors() + " " + pool + "/"
                        + info.path("id").asText(image),
                name,
                spec.sizeBytes(),
                () -> PoolClaim.claim(tools, pool, "vrg-owner." + image, name, owner),
                () -> image(pool, image, name));
    }

    private String pool(VolumeSpec spec, String name) throws StorageException {
        String address = spec.extParams().getOrDefault(ADDRESS, "");
        List<String> known = settings.managementAddresses();
        if (!known.isEmpty() && !known.contains(address)) {
            throw ImageFolder.wrong(name, ADDRESS + " in drExtParams is none that is configured for this cluster");
        }
        return Optional.ofNullable(settings.pools().get(spec.extParams().getOrDefault(RESOURCE, "")))
                .orElseThrow(() -> ImageFolder.wrong(
                        name,
                        RESOURCE + " in drExtParams must be one of "
                                + settings.pools().keySet()));
    }

    private JsonNode info(String pool, String image, OptionalLong wantedBytes, String name) throws StorageException {
        String place = pool + "/" + image;
        Optional<JsonNode> found = tools.find(name, "rbd", "info", "--format", "json", place);
        if (found.isEmpty()) {
            if (!settings.createMissing() || wantedBytes.orElse(0) < 1) {
                throw ImageFolder.wrong(name, "there is no such image in pool " + pool);
            }
            tools.run(
                    name, "rbd", "create", "--size", wantedBytes.getAsLong() + "B", "--image-feature", FEATURES, place);
            LOG.info("Created volume {} with {} bytes", name, wantedBytes.getAsLong());
            found = tools.find(name, "rbd", "info", "--format", "json", place);
        }
        JsonNode info = found.orElseThrow(() -> ImageFolder.wrong(name, "it was removed meanwhile"));
        for (JsonNode feature : info.path("features")) {
            if (feature.asText().equals(FEATURE)) {
                return info;
            }
        }
        throw ImageFolder.wrong(name, "the image must have the feature " + FEATURE);
    }

    private BlockVolume image(String pool, String image, String name) throws StorageException {
        String place = pool + "/" + image;
        Set<String> before = watchers(place, name);
        fence(place, before, name);
        Map<String, Object> node = Map.of(
                "driver",
                "rbd",
                "node-name",
                "image",
                "pool",
                pool,
                "image",
                image,
                "conf",
                CephTools.CONFIGURATION,
                "user",
                settings.user(),
                "discard",
                "unmap");
        BlockVolume volume = blocks.open(new BlockSource(List.of(), List.of(node), tools.files(name)), name);
        boolean done = false;
        try {
            Set<String> own = new HashSet<>(watchers(place, name));
            own.removeAll(before);
            // of two that came at the same time it can't be told which one is ours
            lastClients.put(place, own.size() == 1 ? own.iterator().next() : "");
            done = true;
            return volume;
        } finally {
            if (!done) {
                volume.close();
            }
        }
    }

    /**
     * Refuses an image that someone has open: its lock would move to who asks for it, and two that write would take turns.
     * A client of our own, whose daemon has ended without closing, is shut out for good, so that nothing that it sent
     * arrives from now on.
     */
    private void fence(String place, Set<String> watchers, String name) throws StorageException {
        for (String watcher : watchers) {
            if (!watcher.equals(lastClients.get(place))) {
                throw new StorageException(
                        Kind.OWNED_BY_OTHER,
                        "volume " + name + " is open at " + watcher
                                + "; a client that was killed is forgotten after half a minute");
            }
            tools.run(name, "ceph", "osd", "blocklist", "add", watcher);
            LOG.info("Shut out the former client {} of volume {}", watcher, name);
        }
    }

    private Set<String> watchers(String place, String name) throws StorageException {
        JsonNode status = tools.find(name, "rbd", "status", "--format", "json", place)
                .orElseThrow(() -> ImageFolder.wrong(name, "it was removed meanwhile"));
        Set<String> addresses = new HashSet<>();
        for (JsonNode watcher : status.path("watchers")) {
            addresses.add(watcher.path("address").asText());
        }
        return addresses;
    }

    @Override
    public void close() {
        volumes.close();
    }
}
