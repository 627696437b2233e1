package org.openvrg.qemu.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The dirty bitmaps of one volume on the node that its device writes to. QEMU marks a range once its write has ended,
 * whether it succeeded or not.
 */
final class DirtyBitmaps {
    private static final Logger LOG = LoggerFactory.getLogger(DirtyBitmaps.class);
    /** The gateway's own blocks are as large. */
    private static final int GRANULARITY_BYTES = 64 << 10;

    private final LiveDisk disk;
    private final MirrorNames names;

    DirtyBitmaps(LiveDisk disk, MirrorNames names) {
        this.disk = disk;
        this.names = names;
    }

    /**
     * The tokens of the bitmaps that record and are whole. All others of the volume are removed: they are of a QEMU that
     * was killed, or have a token that nobody believes.
     */
    List<String> keep(Set<String> believed) throws QmpException {
        List<String> usable = new ArrayList<>();
        for (JsonNode bitmap : on(disk.node())) {
            String name = bitmap.path("name").asText();
            String token = names.token(name);
            boolean whole = bitmap.path("recording").asBoolean()
                    && !bitmap.path("inconsistent").asBoolean();
            if (!token.isEmpty() && whole && believed.contains(token)) {
                usable.add(token);
            } else if (!token.isEmpty() || name.equals(names.copy())) {
                LOG.info("Removing the dirty bitmap {} of node {}, which proves nothing", name, disk.node());
                remove(name);
            }
        }
        return usable;
    }

    private boolean has(String node, String name) throws QmpException {
        for (JsonNode bitmap : on(node)) {
            if (bitmap.path("name").asText().equals(name)) {
                return true;
            }
        }
        return false;
    }

    private Iterable<JsonNode> on(String wanted) throws QmpException {
        JsonNode nodes = disk.monitor()
                .execute("query-named-block-nodes", QmpClient.arguments().put("flat", true));
        for (JsonNode node : nodes) {
            if (node.path("node-name").asText().equals(wanted)) {
                return node.path("dirty-bitmaps");
            }
        }
        return List.of();
    }

    /** Begins to record; in the image as well where its format can. */
    void add(String token) throws QmpException {
        ObjectNode bitmap = named(disk.node(), names.bitmap(token)).put("granularity", GRANULARITY_BYTES);
        try {
            disk.monitor().execute("block-dirty-bitmap-add", bitmap.deepCopy().put("persistent", disk.persistent()));
        } catch (QmpException e) {
            if (!disk.persistent() || e.kind() != QmpException.Kind.REFUSED) {
                throw e;
            }
            // an image of an older version, or one with no room for bitmaps: it has to do without
            disk.monitor().execute("block-dirty-bitmap-add", bitmap);
        }
    }

    /** Returns once every request that the QEMU had when it was called has ended, at the export too. */
    void drain(Duration most) throws QmpException {
        ObjectNode nothing = QmpClient.arguments();
        nothing.putArray("actions");
        disk.monitor().execute("transaction", nothing, most);
    }

    /**
     * Drains, and makes one bitmap that does not change any more of several.
     *
     * @param onto the node that it is on, of the disk's size
     */
    void copy(List<String> tokens, String onto, Duration most) throws QmpException {
        if (has(onto, names.copy())) {
            // an earlier life of the gateway ended while it was read
            removeCopy(onto);
        }
        ObjectNode merge = QmpClient.arguments().put("node", onto).put("target", names.copy());
        ArrayNode from = merge.putArray("bitmaps");
        tokens.forEach(token -> from.add(named(disk.node(), names.bitmap(token))));
        ObjectNode transaction = QmpClient.arguments();
        ArrayNode actions = transaction.putArray("actions");
        ObjectNode copy =
                named(onto, names.copy()).put("granularity", GRANULARITY_BYTES).put("disabled", true);
        actions.addObject().put("type", "block-dirty-bitmap-add").set("data", copy);
        actions.addObject().put("type", "block-dirty-bitmap-merge").set("data", merge);
        disk.monitor().execute("transaction", transaction, most);
    }

    void removeCopy(String onto) throws QmpException {
        disk.monitor().execute("block-dirty-bitmap-remove", named(onto, names.copy()));
    }

    /** Removes a bitmap; false if QEMU keeps it, as it does while it sends it to another host. */
    boolean removeToken(String token) throws QmpException {
        try {
            remove(names.bitmap(token));
            return true;
        } catch (QmpException e) {
            if (e.kind() != QmpException.Kind.REFUSED) {
                throw e;
            }
            LOG.debug("The dirty bitmap {} of node {} stays: {}", names.bitmap(token), disk.node(), e.getMessage());
            return false;
        }
    }

    private void remove(String name) throws QmpException {
        disk.monitor().execute("block-dirty-bitmap-remove", named(disk.node(), name));
    }

    private static ObjectNode named(String node, String name) {
        return QmpClient.arguments().put("node", node).put("name", name);
    }
}
