package org.openvrg.qemu.libvirt;

import java.util.UUID;

/**
 * A domain as the daemon tells it.
 *
 * @param name of the host's choice: any characters but newlines, up to megabytes; not for messages, paths or commands
 * @param uuid what it is known by
 * @param id which run of it this is, not used a second time while a connection lasts; -1 while it does not run
 */
public record LibvirtDomain(String name, UUID uuid, int id) {}
