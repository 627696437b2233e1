package org.openvrg.wire;

import static org.openvrg.wire.Payload.readBytes;
import static org.openvrg.wire.Payload.readInt;
import static org.openvrg.wire.Payload.readLong;
import static org.openvrg.wire.Payload.readText;
import static org.openvrg.wire.Payload.readUuid;
import static org.openvrg.wire.Payload.writeBytes;
import static org.openvrg.wire.Payload.writeDetail;
import static org.openvrg.wire.Payload.writeText;
import static org.openvrg.wire.Payload.writeUuid;

import java.util.List;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.Verdict;

/** Messages about the connection, codes 1 to 15. */
final class ConnectionCodecs {
    /** Codes from 1. */
    private static final List<Verdict> VERDICTS = List.of(Verdict.ACCEPTED, Verdict.PENDING, Verdict.REFUSED);

    private static final int MAX_PORT = 65_535;
    private static final int MAX_VERSION = 65_535;

    private ConnectionCodecs() {}

    static void addTo(Codecs codecs) {
        codecs.add(
                1,
                Hello.class,
                (out, m) -> {
                    out.writeInt(m.version()).writeLong(m.capabilities());
                    writeUuid(out, m.vrgUuid());
                    writeText(out, m.listenIp());
                    out.writeInt(m.listenPort());
                    writeBytes(out, m.pairingProof(), PairingProof.LENGTH_BYTES);
                },
                (frame, in) -> new Hello(
                        readInt(in, 1, MAX_VERSION),
                        readLong(in),
                        readUuid(in),
                        readText(in),
                        readInt(in, 0, MAX_PORT),
                        readBytes(in, PairingProof.LENGTH_BYTES)));
        codecs.add(
                2,
                HelloReply.class,
                (out, m) -> {
                    out.writeInt(m.version()).writeLong(m.capabilities());
                    writeUuid(out, m.vrgUuid());
                    Payload.writeCode(out, m.verdict(), VERDICTS);
                    writeDetail(out, m.detail());
                    writeBytes(out, m.pairingProof(), PairingProof.LENGTH_BYTES);
                },
                (frame, in) -> new HelloReply(
                        readInt(in, 1, MAX_VERSION),
                        readLong(in),
                        readUuid(in),
                        Payload.readCode(in, VERDICTS),
                        readText(in),
                        readBytes(in, PairingProof.LENGTH_BYTES)));
        codecs.add(
                3,
                Message.Heartbeat.class,
                (out, m) -> out.writeLong(m.sentEpochMillis()),
                (frame, in) -> new Message.Heartbeat(readLong(in)));
        codecs.add(4, Message.LaneTokenRequest.class, (out, m) -> {}, (frame, in) -> new Message.LaneTokenRequest());
        codecs.add(
                5,
                Message.LaneToken.class,
                (out, m) -> writeBytes(out, m.token(), LaneTransport.TOKEN_BYTES),
                (frame, in) -> new Message.LaneToken(readBytes(in, LaneTransport.TOKEN_BYTES)));
        codecs.add(6, Message.Unpair.class, (out, m) -> {}, (frame, in) -> new Message.Unpair());
    }
}
