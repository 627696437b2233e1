package org.openvrg.itests.xen;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * A paravirtual guest whose disks are files of dom0 behind QEMU's block back end. Its only process is a shell on its
 * console. Not thread-safe.
 */
final class XenGuest {
    private static final int WAIT_TENTHS = 1_200;
    private static final int MEMORY_MIB = 160;

    private final NestedXen host;
    private final String name;
    private final UUID uuid;
    private final Map<String, Long> disks;
    private int commands;

    /**
     * Makes its disks, empty, and starts nothing yet.
     *
     * @param disks device name, for example {@code xvda}, to size in bytes
     */
    XenGuest(NestedXen host, String name, UUID uuid, Map<String, Long> disks) throws IOException, InterruptedException {
        this.host = host;
        this.name = name;
        this.uuid = uuid;
        this.disks = new TreeMap<>(disks);
        for (Map.Entry<String, Long> disk : this.disks.entrySet()) {
            host.run("truncate -s " + disk.getValue() + " " + file(disk.getKey()));
        }
    }

    /** Creates the domain and waits until its shell is there. */
    void start() throws IOException, InterruptedException {
        String diskList = disks.keySet().stream()
                .map(device ->
                        "'format=raw,vdev=" + device + ",access=rw,backendtype=qdisk,target=" + file(device) + "'")
                .collect(Collectors.joining(","));
        String configuration = "name='" + name + "'\nuuid='" + uuid + "'\ntype='pv'\nmemory=" + MEMORY_MIB
                + "\nvcpus=1\nkernel='/guest/vmlinuz'\nramdisk='/guest/guest.img'\nextra='console=hvc0 quiet'\n"
                + "on_crash='destroy'\ndisk=[" + diskList + "]\n";
        host.run("rm -f " + log() + "; cat >/guest/" + name + ".cfg <<'END'\n" + configuration
                + "END\nxl create /guest/" + name + ".cfg; " + waitFor("guest is up"));
    }

    /** A line of dom0's shell that ends once the guest has told something; each look from outside would cost more. */
    private String waitFor(String text) {
        return "for i in $(seq " + WAIT_TENTHS + "); do grep -q '" + text + "' " + log()
                + " && break; sleep 0.1; done; grep -q '" + text + "' " + log() + " || { tail -n 20 " + log()
                + "; exit 1; }";
    }

    /** Ends the domain as a power cut does. */
    void destroy() throws IOException, InterruptedException {
        host.run("xl destroy " + name);
    }

    /** Runs a line of the guest's shell, which has to succeed. */
    void run(String line) throws IOException, InterruptedException {
        String mark = "done-" + ++commands;
        // the console echoes what is typed; the quotes keep that apart from the answer
        String typed = line + " && echo do''ne-" + commands + "-ok || echo do''ne-" + commands + "-failed";
        host.run(
                "cat >$(xenstore-read /local/domain/$(xl domid " + name + ")/console/tty) <<'END'\n" + typed + "\nEND\n"
                        + waitFor(mark + "-") + "; grep -q '" + mark + "-ok' " + log() + " || { tail -n 20 " + log()
                        + "; exit 1; }");
    }

    /** Writes blocks full of one byte value to a disk, and flushes. */
    void fill(String device, int value, int firstBlock, int blocks, int blockBytes)
            throws IOException, InterruptedException {
        run("head -c " + blocks * blockBytes + " /dev/zero | tr '\\0' '\\" + Integer.toOctalString(value)
                + "' | dd of=/dev/" + device + " bs=" + blockBytes + " iflag=fullblock seek=" + firstBlock
                + " conv=notrunc,fsync");
    }

    /** The file of a disk in dom0. */
    String file(String device) {
        return "/tmp/" + name + "-" + device + ".raw";
    }

    private String log() {
        return "/var/log/xen/console/guest-" + name + ".log";
    }
}
