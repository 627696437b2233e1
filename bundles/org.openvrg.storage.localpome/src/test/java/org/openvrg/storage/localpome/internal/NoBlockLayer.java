package org.openvrg.storage.localpome.internal;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.qemu.storage.BlockLayer;
import org.openvrg.qemu.storage.BlockSource;
import org.openvrg.qemu.storage.ImageFormat;

/** For raw images, which must not need QEMU. */
enum NoBlockLayer implements BlockLayer {
    /** The only one. */
    INSTANCE;

    @Override
    public BlockVolume open(BlockSource source, String name) {
        throw new AssertionError("a raw image was opened by QEMU");
    }

    @Override
    public void create(Path file, ImageFormat format, long sizeBytes) {
        throw new AssertionError("a raw image was made by QEMU");
    }

    @Override
    public ToolResult run(String name, Map<String, String> files, List<String> command) {
        throw new AssertionError("a tool was run for a raw image");
    }

    @Override
    public DeviceClaim claim(Path device, String name) {
        throw new AssertionError("a device was claimed for a raw image");
    }
}
