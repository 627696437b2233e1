package org.openvrg.alarm.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmService.Severity;
import org.snmp4j.PDU;
import org.snmp4j.mp.SnmpConstants;
import org.snmp4j.smi.Integer32;
import org.snmp4j.smi.OID;
import org.snmp4j.smi.OctetString;
import org.snmp4j.smi.TimeTicks;
import org.snmp4j.smi.UnsignedInteger32;
import org.snmp4j.smi.Variable;
import org.snmp4j.smi.VariableBinding;

/** Notifications in the form that {@code docs/mib/VRG-MIB.txt} describes. Stateless. */
final class TrapMessage {
    /** The arc of the MIB, below Net-SNMP's playpen. */
    static final OID ROOT = new OID("1.3.6.1.4.1.8072.9999.9999.1800728868");

    private static final int NOTIFICATIONS = 0;
    private static final int OBJECTS = 1;
    private static final int NUMBERS_PER_KIND = 10;
    private static final int RAISED = 1;
    private static final int CLEARED = 2;
    private static final int SEVERITY_CLEARED = 1;
    private static final int MAX_TEXT_BYTES = 255;

    private TrapMessage() {}

    /**
     * Fills in what the alarm server is told.
     *
     * @param pdu of the right class and type
     * @param upHundredths hundredths of a second since the start
     */
    static void fill(PDU pdu, Notification notification, UUID gateway, long upHundredths) {
        Alarm alarm = notification.alarm();
        pdu.add(new VariableBinding(SnmpConstants.sysUpTime, new TimeTicks(upHundredths & 0xFFFF_FFFFL)));
        pdu.add(new VariableBinding(SnmpConstants.snmpTrapOID, oid(notification)));
        int severity = notification.raised() ? severity(alarm.kind().severity()) : SEVERITY_CLEARED;
        add(pdu, 1, new UnsignedInteger32(notification.number()));
        add(pdu, 2, text(gateway.toString()));
        add(pdu, 3, new UnsignedInteger32(alarm.id()));
        add(pdu, 4, new Integer32(severity));
        add(pdu, 5, time(alarm.since()));
        add(pdu, 6, time(notification.at()));
        add(pdu, 7, text(alarm.vmUuid().map(UUID::toString).orElse("")));
        add(pdu, 8, text(alarm.volume().map(VolumeId::value).orElse("")));
        add(pdu, 9, text(alarm.subject()));
        add(pdu, 10, text(alarm.text()));
        pdu.setRequestID(new Integer32((int) (notification.number() & Integer.MAX_VALUE)));
    }

    /** Which notification of the MIB it is. */
    static OID oid(Notification notification) {
        int number = notification.alarm().kind().number() * NUMBERS_PER_KIND;
        return new OID(ROOT.getValue(), NOTIFICATIONS).append(number + (notification.raised() ? RAISED : CLEARED));
    }

    private static void add(PDU pdu, int object, Variable value) {
        pdu.add(new VariableBinding(new OID(ROOT.getValue(), OBJECTS).append(object), value));
    }

    /** The perceived severity of ITU-T X.733, as RFC 3877 numbers it. */
    private static int severity(Severity severity) {
        return switch (severity) {
            case CRITICAL -> 3;
            case MAJOR -> 4;
            case MINOR -> 5;
            case WARNING -> 6;
        };
    }

    /** In UTF-8, cut between two characters where it is too long. */
    static OctetString text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= MAX_TEXT_BYTES) {
            return new OctetString(bytes);
        }
        int end = MAX_TEXT_BYTES;
        while ((bytes[end] & 0xC0) == 0x80) {
            end--;
        }
        return new OctetString(bytes, 0, end);
    }

    /** DateAndTime of RFC 2579 with 11 octets, in UTC. */
    static OctetString time(Instant instant) {
        OffsetDateTime utc = instant.atOffset(ZoneOffset.UTC);
        return new OctetString(ByteBuffer.allocate(11)
                .putShort((short) utc.getYear())
                .put((byte) utc.getMonthValue())
                .put((byte) utc.getDayOfMonth())
                .put((byte) utc.getHour())
                .put((byte) utc.getMinute())
                .put((byte) utc.getSecond())
                .put((byte) (utc.getNano() / 100_000_000))
                .put((byte) '+')
                .put((byte) 0)
                .put((byte) 0)
                .array());
    }
}
