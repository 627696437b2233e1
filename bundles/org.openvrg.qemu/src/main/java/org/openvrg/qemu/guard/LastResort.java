package org.openvrg.qemu.guard;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * What is left where QEMU can't be reached past what hangs, as libvirt has no out-of-band execution: to end a gateway
 * that answers nothing. Its connections end with it, which QEMU notices at once, so that the guests go on. Used by one
 * thread.
 */
final class LastResort {
    /** Where the guard leaves word for the gateway's next life. */
    static final String NOTE = "gateway-was-killed";

    private final Optional<ProcessHandle> gateway;
    private final Path folder;
    private final long looksInVain;
    private long looks;

    /**
     * What may be ended.
     *
     * @param gatewayPid the process that started this one; 0 to let it live whatever happens
     * @param folder for the note
     * @param looksInVain looks in a row, each in vain, after which it is ended; no clock, as that goes on while the
     *     whole machine stands still
     */
    LastResort(long gatewayPid, Path folder, long looksInVain) {
        // a parent with another id is whoever takes orphans
        this.gateway = ProcessHandle.current().parent().filter(parent -> parent.pid() == gatewayPid);
        this.folder = folder;
        this.looksInVain = looksInVain;
    }

    /** Notes a look at all disks: whether one waits for a gateway that answers nothing, and none could be cut off. */
    void look(boolean inVain) {
        looks = inVain ? looks + 1 : 0;
        if (looks <= looksInVain || gateway.isEmpty()) {
            return;
        }
        looks = 0;
        try {
            Files.writeString(folder.resolve(NOTE), Instant.now().toString());
        } catch (IOException e) {
            Guard.say("no word can be left in " + folder + ": " + e.getMessage());
        }
        gateway.get().destroyForcibly();
    }
}
