package org.openvrg.qemu.storage;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A format of image files. It comes from the configuration or from the file's name and never from what is in the file:
 * in a raw image the guest decides what stands at the beginning, and could make it look like an image that leads to any
 * other file of the host.
 */
public enum ImageFormat {
    /** Bytes of the disk at their offsets. */
    RAW("raw", "raw", "img"),
    /** QEMU. */
    QCOW2("qcow2", "qcow2", "qcow2"),
    /** Virtual PC, Hyper-V; dynamic ones only. */
    VHD("vpc", "vhd", "vpc"),
    /** Hyper-V since 2012. */
    VHDX("vhdx", "vhdx", "vhdx"),
    /** VMware; {@code monolithicSparse} only. */
    VMDK("vmdk", "vmdk", "vmdk");

    private final String driver;
    private final String called;
    private final String alias;

    ImageFormat(String driver, String called, String alias) {
        this.driver = driver;
        this.called = called;
        this.alias = alias;
    }

    /** Name of QEMU's block driver. */
    public String driver() {
        return driver;
    }

    /** The format of a name as configurations have it. */
    public static Optional<ImageFormat> of(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        for (ImageFormat format : values()) {
            if (lower.equals(format.called) || lower.equals(format.alias)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /** The format that the end of a file name tells; raw where it tells none. */
    public static ImageFormat ofFile(String fileName) {
        int dot = fileName.lastIndexOf('.');
        return of(fileName.substring(dot + 1)).orElse(RAW);
    }

    /** All names, for messages. */
    public static String all() {
        List<String> all = new ArrayList<>();
        for (ImageFormat format : values()) {
            all.add(format.called);
        }
        return String.join(", ", all);
    }
}
