package org.openvrg.qemu.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.Set;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;

/**
 * The node that is exported for reading a live disk.
 *
 * <p>A disk's own node may run in an I/O thread, and in such a thread QEMU's NBD server aborts the whole process when a
 * client goes away, {@code nbd_blockdev_client_closed: Assertion `qemu_in_main_thread()'} (seen with 7.2 as Debian 12 has
 * it). So a raw image is opened a second time, read-only and with the same use of the host's cache, in the main loop:
 * a write that has ended is seen there. An image of another format can't be read beside QEMU's own view of it, so its own
 * node is exported, and only in a QEMU that has no I/O thread.
 */
final class ReadSource {
    private static final Set<String> PLAIN_DRIVERS = Set.of("file", "host_device");

    private final LiveDisk disk;
    private final MirrorNames names;

    ReadSource(LiveDisk disk, MirrorNames names) {
        this.disk = disk;
        this.names = names;
    }

    /** The node's name; it is made where that is needed. */
    String node() throws QmpException, PlatformException {
        JsonNode nodes = nodes();
        JsonNode live = find(nodes, disk.node())
                .orElseThrow(() -> new PlatformException("QEMU has no node " + disk.node() + " any more"));
        Optional<JsonNode> plain = plainBelow(live, nodes);
        if (plain.isEmpty()) {
            checkLoop(live);
            return disk.node();
        }
        Optional<JsonNode> made = find(nodes, names.source());
        if (made.isPresent() && sizeOf(made.get()) == sizeOf(live)) {
            return names.source();
        }
        if (made.isPresent()) {
            delete();
        }
        disk.monitor().execute("blockdev-add", second(plain.get()));
        return names.source();
    }

    /** Takes away what {@link #node} may have made; no export may use it any more. */
    void remove() throws QmpException {
        if (find(nodes(), names.source()).isPresent()) {
            delete();
        }
    }

    private void delete() throws QmpException {
        disk.monitor().execute("blockdev-del", QmpClient.arguments().put("node-name", names.source()));
    }

    private ObjectNode second(JsonNode plain) {
        ObjectNode node = QmpClient.arguments()
                .put("driver", plain.path("drv").asText())
                .put("node-name", names.source())
                .put("filename", plain.path("file").asText())
                .put("read-only", true)
                .put("locking", "off");
        node.putObject("cache").put("direct", plain.at("/cache/direct").asBoolean());
        return node;
    }

    /** The node of the file or device whose bytes are the disk's, one by one. */
    private static Optional<JsonNode> plainBelow(JsonNode live, JsonNode nodes) {
        if (PLAIN_DRIVERS.contains(live.path("drv").asText())) {
            return Optional.of(live);
        }
        String file = live.path("file").asText();
        // with an offset or a size of its own the file is told as json:
        if (!live.path("drv").asText().equals("raw") || file.isEmpty() || file.startsWith("json:")) {
            return Optional.empty();
        }
        for (JsonNode node : nodes) {
            boolean below = PLAIN_DRIVERS.contains(node.path("drv").asText())
                    && node.path("file").asText().equals(file)
                    && !node.path("node-name").asText().startsWith("vrg-");
            if (below && sizeOf(node) == sizeOf(live)) {
                return Optional.of(node);
            }
        }
        return Optional.empty();
    }

    private void checkLoop(JsonNode live) throws QmpException, PlatformException {
        if (!disk.monitor().execute("query-iothreads").isEmpty()) {
            throw new PlatformException(
                    "the disk is no raw image but " + live.path("drv").asText()
                            + ", and its QEMU has I/O threads: it could abort while the disk is read");
        }
    }

    private JsonNode nodes() throws QmpException {
        return disk.monitor()
                .execute("query-named-block-nodes", QmpClient.arguments().put("flat", true));
    }

    private static Optional<JsonNode> find(JsonNode nodes, String name) {
        for (JsonNode node : nodes) {
            if (node.path("node-name").asText().equals(name)) {
                return Optional.of(node);
            }
        }
        return Optional.empty();
    }

    private static long sizeOf(JsonNode node) {
        return node.at("/image/virtual-size").asLong();
    }
}
