package org.openvrg.network.internal;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Configuration of PID {@code org.openvrg.network}; names follow the OSGi mapping of annotation members. */
@ObjectClassDefinition(name = "VRG network", description = "Networks of this gateway, and the change of its address")
@interface Config {
    /** Interface of the management network. */
    @AttributeDefinition(name = "management-interface", description = "Interface of the management network")
    String management$_$interface() default "eth0";

    /** Interface to the hosts. */
    @AttributeDefinition(
            name = "host-interface",
            description = "Interface to the hypervisor hosts; empty: the management interface")
    String host$_$interface() default "";

    /** Interface to the peer. */
    @AttributeDefinition(
            name = "peer-interface",
            description = "Interface to the gateway at the other site; empty: the management interface")
    String peer$_$interface() default "";

    /** Folder for a change under way. */
    @AttributeDefinition(name = "directory", description = "Where a change under way is noted; survives a restart")
    String directory();

    /** Time to confirm. */
    @AttributeDefinition(
            name = "confirm-seconds",
            description = "Time in which a call has to arrive at a new address, 5 to 3600; else the old one comes back")
    int confirm$_$seconds() default 90;

    /** Path of iproute2's program. */
    @AttributeDefinition(name = "ip-command", description = "Path of iproute2's program ip")
    String ip$_$command() default "/sbin/ip";

    /** Network manager. */
    @AttributeDefinition(
            name = "persistence",
            description = "Who keeps the management interface for the next boot: auto, networkd or ifupdown")
    String persistence() default "auto";

    /** Folder of networkd's files. */
    @AttributeDefinition(name = "networkd-directory", description = "Folder for the .network file")
    String networkd$_$directory() default "/etc/systemd/network";

    /** Folder of networkd's state. */
    @AttributeDefinition(
            name = "networkd-state-directory",
            description = "Where systemd-networkd notes which interfaces it manages")
    String networkd$_$state$_$directory() default "/run/systemd/netif";

    /** Path of networkctl. */
    @AttributeDefinition(
            name = "networkctl-command",
            description = "Path of networkctl, which tells systemd-networkd of a confirmed change; empty: not told")
    String networkctl$_$command() default "/usr/bin/networkctl";

    /** Main file of ifupdown. */
    @AttributeDefinition(name = "ifupdown-file", description = "Main file of ifupdown")
    String ifupdown$_$file() default "/etc/network/interfaces";
}
