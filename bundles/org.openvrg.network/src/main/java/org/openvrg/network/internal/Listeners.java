package org.openvrg.network.internal;

import java.util.List;

/** Where the services of this appliance listen, as configured right now. */
interface Listeners {
    /** Port of the REST interface: that of plain HTTP, of HTTPS where plain HTTP is off. */
    int restPort();

    /** Addresses at which the REST interface listens. */
    List<String> restAddresses();

    /** Port of the NBD server. */
    int nbdPort();

    /** Port of the link. */
    int linkPort();
}
