package org.openvrg.qemu.mirror;

import java.net.SocketAddress;
import org.openvrg.qemu.qmp.QmpClient;

/**
 * A disk of a running QEMU, as it is right now.
 *
 * @param monitor the connection to the QEMU that runs it, shared with others
 * @param node the node that the guest's device writes to
 * @param device the device's path in QEMU's object model
 * @param sizeBytes what the guest sees
 * @param persistent whether the image's format keeps dirty bitmaps
 * @param reader where QEMU shall serve the live disk for reading: a Unix domain socket or a TCP address, one for each
 *     QEMU
 */
public record LiveDisk(
        QmpClient monitor, String node, String device, long sizeBytes, boolean persistent, SocketAddress reader) {}
