package org.openvrg.api.platform;

/** What a platform can do or asks for. */
public enum PlatformCapability {
    /** Every disk must be given with its slot. */
    SLOTS_MANDATORY,
    /** The host notes changed blocks while the gateway is away. */
    HOST_DIRTY_BITMAP
}
