package org.openvrg.alarm.internal;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snmp4j.CommunityTarget;
import org.snmp4j.MessageDispatcherImpl;
import org.snmp4j.PDU;
import org.snmp4j.ScopedPDU;
import org.snmp4j.Snmp;
import org.snmp4j.Target;
import org.snmp4j.TransportStateReference;
import org.snmp4j.UserTarget;
import org.snmp4j.event.ResponseEvent;
import org.snmp4j.mp.CounterSupport;
import org.snmp4j.mp.MPv2c;
import org.snmp4j.mp.MPv3;
import org.snmp4j.mp.SnmpConstants;
import org.snmp4j.security.AuthHMAC192SHA256;
import org.snmp4j.security.PrivAES128;
import org.snmp4j.security.SecurityLevel;
import org.snmp4j.security.SecurityModel;
import org.snmp4j.security.SecurityModels;
import org.snmp4j.security.SecurityProtocols;
import org.snmp4j.security.USM;
import org.snmp4j.security.UsmUser;
import org.snmp4j.smi.OctetString;
import org.snmp4j.smi.UdpAddress;
import org.snmp4j.transport.DefaultUdpTransportMapping;

/**
 * An SNMP engine with one socket for one alarm server. The socket is bound to the address that leads to the server, and
 * takes datagrams of the server alone. Used by one thread.
 */
final class SnmpSession implements AutoCloseable {
    /** Net-SNMP's enterprise number, below whose playpen our MIB stands, marked as RFC 3411 (SnmpEngineID) wants it. */
    private static final int ENGINE_ENTERPRISE = 8072 | 0x8000_0000;

    /** Format of the engine id: octets that we assign. */
    private static final byte ENGINE_FORMAT_OCTETS = 5;

    private static final int FIRST_MESSAGE_ID = 1;
    private static final int ENGINE_ID_BYTES = 4 + 1 + 16;
    private static final Logger LOG = LoggerFactory.getLogger(SnmpSession.class);

    private final TrapSender.Route route;
    private final UUID gateway;
    private final EngineBoots boots;
    private Optional<Snmp> open = Optional.empty();

    /**
     * What became of an attempt.
     *
     * @param problem why it was not delivered, empty when it was
     */
    record Outcome(boolean delivered, String problem) {
        static final Outcome DELIVERED = new Outcome(true, "");

        static Outcome failed(String problem) {
            return new Outcome(false, problem);
        }
    }

    SnmpSession(TrapSender.Route route, UUID gateway, EngineBoots boots) {
        this.route = route;
        this.gateway = gateway;
        this.boots = boots;
    }

    TrapSender.Route route() {
        return route;
    }

    /** Sends a notification once; an inform is delivered when it was acknowledged. */
    Outcome deliver(Notification notification, long upHundredths) {
        boolean inform = route.settings().inform();
        try {
            if (open.isEmpty()) {
                open = Optional.of(connect());
            }
            boolean scoped = route.settings().security() instanceof Settings.User;
            PDU pdu = scoped ? new ScopedPDU() : new PDU();
            pdu.setType(inform ? PDU.INFORM : PDU.TRAP);
            TrapMessage.fill(pdu, notification, gateway, upHundredths);
            ResponseEvent<UdpAddress> answer = open.get().send(pdu, target());
            return inform ? outcome(answer) : Outcome.DELIVERED;
        } catch (IOException e) {
            return Outcome.failed(e.getMessage());
        }
    }

    private static Outcome outcome(ResponseEvent<UdpAddress> answer) {
        if (answer == null || answer.getResponse() == null) {
            boolean failed = answer != null && answer.getError() != null;
            return Outcome.failed(failed ? answer.getError().getMessage() : "no acknowledgement in time");
        }
        PDU response = answer.getResponse();
        if (response.getType() == PDU.REPORT) {
            return Outcome.failed("it does not accept the user: report " + response.getVariableBindings());
        }
        if (response.getErrorStatus() != PDU.noError) {
            LOG.warn("the alarm server acknowledges with the error {}", response.getErrorStatusText());
        }
        return Outcome.DELIVERED;
    }

    private InetSocketAddress server() throws IOException {
        return new InetSocketAddress(
                InetAddress.getByName(route.server().ip()), route.server().port()); // a literal
    }

    private Target<UdpAddress> target() throws IOException {
        InetSocketAddress server = server();
        UdpAddress address = new UdpAddress(server.getAddress(), server.getPort());
        Target<UdpAddress> target;
        if (route.settings().security() instanceof Settings.Community community) {
            CommunityTarget<UdpAddress> plain = new CommunityTarget<>();
            plain.setVersion(SnmpConstants.version2c);
            plain.setCommunity(new OctetString(community.name().bytes()));
            target = plain;
        } else {
            Settings.User user = (Settings.User) route.settings().security();
            UserTarget<UdpAddress> secured = new UserTarget<>();
            secured.setVersion(SnmpConstants.version3);
            secured.setSecurityModel(SecurityModel.SECURITY_MODEL_USM);
            secured.setSecurityLevel(SecurityLevel.AUTH_PRIV);
            secured.setSecurityName(new OctetString(user.name()));
            target = secured;
        }
        target.setAddress(address);
        target.setTimeout(route.settings().timeout().toMillis());
        target.setRetries(0);
        return target;
    }

    private Snmp connect() throws IOException {
        InetSocketAddress server = server();
        MessageDispatcherImpl dispatcher = new MessageDispatcherImpl();
        if (route.settings().security() instanceof Settings.User user) {
            dispatcher.addMessageProcessingModel(userModel(user));
        } else {
            dispatcher.addMessageProcessingModel(new MPv2c());
        }
        Snmp snmp = new Snmp(dispatcher, new ServerTransport(localAddress(server), server));
        try {
            snmp.listen();
            // the library makes the first id from the number of starts, and may make it negative, which no server takes
            Optional.ofNullable((MPv3) dispatcher.getMessageProcessingModel(MPv3.ID))
                    .ifPresent(model -> model.setCurrentMsgID(FIRST_MESSAGE_ID));
        } catch (IOException e) {
            snmp.close();
            throw e;
        }
        return snmp;
    }

    private MPv3 userModel(Settings.User user) {
        byte[] engineId = engineId(gateway);
        SecurityProtocols protocols = new SecurityProtocols(SecurityProtocols.SecurityProtocolSet.maxSecurity);
        protocols.removeAll();
        protocols.addAuthenticationProtocol(new AuthHMAC192SHA256());
        protocols.addPrivacyProtocol(new PrivAES128());
        CounterSupport counters = CounterSupport.getInstance();
        // the authority over informs is the server, and our own starts do not matter
        int starts = route.settings().inform() ? 1 : boots.next();
        USM usm = new USM(protocols, new OctetString(engineId), starts, counters);
        usm.addUser(new UsmUser(
                new OctetString(user.name()),
                AuthHMAC192SHA256.ID,
                new OctetString(user.authPassword().bytes()),
                PrivAES128.ID,
                new OctetString(user.privacyPassword().bytes())));
        return new MPv3(engineId, null, protocols, SecurityModels.getCollection(new SecurityModel[] {usm}), counters);
    }

    /** The engine id of a gateway (RFC 3411, SnmpEngineID). */
    static byte[] engineId(UUID gateway) {
        return ByteBuffer.allocate(ENGINE_ID_BYTES)
                .putInt(ENGINE_ENTERPRISE)
                .put(ENGINE_FORMAT_OCTETS)
                .putLong(gateway.getMostSignificantBits())
                .putLong(gateway.getLeastSignificantBits())
                .array();
    }

    /** The address of this machine from which the server is reached. */
    private static InetAddress localAddress(InetSocketAddress server) throws IOException {
        try (DatagramSocket probe = new DatagramSocket()) {
            probe.connect(server); // sends nothing
            return probe.getLocalAddress();
        }
    }

    @Override
    public void close() {
        open.ifPresent(snmp -> {
            try {
                snmp.close();
            } catch (IOException e) {
                LOG.debug("an SNMP session does not close cleanly", e);
            }
        });
        open = Optional.empty();
    }

    /** UDP that takes datagrams of one server alone. */
    private static final class ServerTransport extends DefaultUdpTransportMapping {
        private final InetSocketAddress server;

        ServerTransport(InetAddress local, InetSocketAddress server) throws IOException {
            super(new UdpAddress(local, 0));
            this.server = server;
        }

        @Override
        protected void fireProcessMessage(
                DatagramPacket packet, ByteBuffer message, TransportStateReference reference) {
            if (server.equals(packet.getSocketAddress())) {
                super.fireProcessMessage(packet, message, reference);
            }
        }
    }
}
