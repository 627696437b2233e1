package org.openvrg.qemu.guard;

import java.util.regex.Pattern;

/**
 * A node of ours in a QEMU that takes the writes of a disk, as one line of the guard's input: {@code + NODE MONITOR
 * EXPORT-SERVER EXPORT} from when on, {@code - NODE MONITOR} until when.
 *
 * @param node its name
 * @param monitor the QEMU's monitor for the guard, an {@link Endpoint}
 * @param server the gateway's NBD server, an {@link Endpoint}
 * @param export the export's name
 */
public record Watched(String node, String monitor, String server, String export) {
    /** The form of the names of our nodes; nothing else is ever cut off. */
    private static final Pattern NODE = Pattern.compile("vrg-[0-9a-f]{16}-nbd");

    private static final Pattern WORD = Pattern.compile("\\S{1,4096}");

    /** Checks that each is a word, and the node one of ours. */
    public Watched {
        if (!NODE.matcher(node).matches()) {
            throw new IllegalArgumentException("the guard does not cut off " + node);
        }
        for (String word : new String[] {monitor, server, export}) {
            if (!WORD.matcher(word).matches()) {
                throw new IllegalArgumentException("the guard takes no blanks in " + word);
            }
        }
    }

    /** What tells it from others: a node's name is the same in each QEMU that the disk runs in. */
    public String key() {
        return node + " " + monitor;
    }

    /** The line that begins it. */
    public String begin() {
        return "+ " + key() + " " + server + " " + export;
    }

    /** The line that ends it. */
    public String end() {
        return "- " + key();
    }
}
