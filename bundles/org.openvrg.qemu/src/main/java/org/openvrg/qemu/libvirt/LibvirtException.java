package org.openvrg.qemu.libvirt;

import java.io.IOException;

/** The daemon refused a call. */
final class LibvirtException extends IOException {
    private static final long serialVersionUID = 1L;
    /** {@code virErrorNumber}: there is no such domain; it does not run. */
    private static final int NO_DOMAIN = 42;

    private static final int OPERATION_INVALID = 55;
    private static final int MAX_SHOWN = 300;

    private final int code;

    LibvirtException(int code, String message) {
        super("libvirt: " + shown(message));
        this.code = code;
    }

    /** It may have names of the host's choice in it. */
    private static String shown(String message) {
        String plain = message.replaceAll("\\p{Cntrl}", " ");
        return plain.substring(0, Math.min(plain.length(), MAX_SHOWN));
    }

    /** Whether the reason is that the domain does not run. */
    boolean notRunning() {
        return code == NO_DOMAIN || code == OPERATION_INVALID;
    }
}
