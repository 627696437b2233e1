package org.openvrg.api.service;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** Which alarms are raised, and where they are sent. Thread-safe. */
@ProviderType
public interface AlarmAdmin {
    /**
     * An alarm server.
     *
     * @param ip IP literal
     * @param port UDP port, 1..65535
     */
    record Server(String ip, int port) {}

    /** What is raised now, the oldest first. */
    List<Alarm> raised();

    /** The alarm server, empty when none is named. */
    Optional<Server> server();

    /**
     * Names the alarm server, for good. A new one is told what is raised now; naming the present one again changes
     * nothing.
     */
    void sendTo(Server server);

    /** Names no server any more; what was not sent yet is dropped. */
    void stopSending();
}
