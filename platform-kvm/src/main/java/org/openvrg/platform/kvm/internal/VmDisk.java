package org.openvrg.platform.kvm.internal;

/**
 * A disk of a VM as QEMU tells it.
 *
 * @param device path of its device in the object model
 * @param node the node that the device writes to
 * @param serial the device's serial, empty if it has none
 * @param sizeBytes what the guest sees
 * @param persistent whether the image's format keeps dirty bitmaps
 */
record VmDisk(String device, String node, String serial, long sizeBytes, boolean persistent) {}
