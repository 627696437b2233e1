package org.openvrg.platform.kvm.internal;

import java.net.SocketAddress;
import java.util.Optional;
import org.openvrg.qemu.qmp.QmpAddress;

/**
 * A QEMU's monitor, as configured or found.
 *
 * @param address the gateway's monitor
 * @param guard the guard's, where there is one
 * @param reader where QEMU serves live disks
 */
record HostMonitor(QmpAddress address, Optional<SocketAddress> guard, SocketAddress reader) {}
