package org.openvrg.api.service;

import java.util.List;
import java.util.Optional;
import org.openvrg.api.failure.RequestException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The networks of this gateway, and the change of its management address. Thread-safe.
 *
 * <p>A change is confirmed by a call: it is made, and unless {@link #authenticatedCall} tells of a call at the new
 * address in time, what was before comes back.
 */
@ProviderType
public interface NetworkService {
    /** What a network is for; the numbers are those of the REST contract. */
    enum Role {
        /** Management: the REST interface. */
        MANAGEMENT(0),
        /** To the hypervisor hosts: the NBD server. */
        HOST(1),
        /** To the gateway at the other site: the link. */
        PEER(2);

        private final int number;

        Role(int number) {
            this.number = number;
        }

        /** Number in the contract. */
        public int number() {
            return number;
        }
    }

    /**
     * One network as it is right now.
     *
     * @param ip IPv4 address, empty text when the interface has none
     * @param port TCP port of what is served there
     * @param netmask dotted quad, empty text when the interface has no address
     * @param gateway default gateway, empty text when there is none; only the management network has this at all
     */
    record Network(Role role, String ip, int port, String netmask, Optional<String> gateway) {}

    /**
     * The management network as it shall be.
     *
     * @param ip IPv4 address
     * @param netmask dotted quad
     * @param gateway default gateway
     */
    record Management(String ip, String netmask, String gateway) {}

    /**
     * The networks in the order of their roles; one whose interface does not exist is left out.
     *
     * @throws RequestException {@code MANAGEMENT_INTERFACE_MISSING}
     */
    List<Network> networks() throws RequestException;

    /**
     * Changes the management network. Returns before the change is made, so that the answer still goes out by the old
     * address.
     *
     * @return the settings in their usual form
     * @throws RequestException {@code IP_INVALID}, {@code PARAMETER_INVALID}; {@code MANAGEMENT_INTERFACE_MISSING}
     *     without the interface or the right to change it; {@code CONFLICT} while another change waits to be
     *     confirmed, or where this one could be neither confirmed nor kept. Nothing is changed then.
     */
    Management changeManagement(Management wanted) throws RequestException;

    /**
     * Tells of a call with a live session; costs a comparison of two texts and never blocks.
     *
     * @param localAddress IP address of this gateway that the call arrived at
     */
    void authenticatedCall(String localAddress);
}
