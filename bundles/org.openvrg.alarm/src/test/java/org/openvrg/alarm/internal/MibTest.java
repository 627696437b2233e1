package org.openvrg.alarm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmService.Kind;
import org.snmp4j.PDU;
import org.snmp4j.smi.OID;

/** The MIB, as Net-SNMP's snmptranslate reads it, against the numbers that the code sends. */
class MibTest {
    @TempDir
    Path folder;

    private static Notification notification(Kind kind, boolean raised) {
        return new Notification(1, raised, Instant.EPOCH, new Alarm(1, kind, "x", Instant.EPOCH, "text"));
    }

    /** LINK_DOWN is vrgLinkDown. */
    static String nameOf(Kind kind, boolean raised) {
        return "vrg"
                + Arrays.stream(kind.name().split("_"))
                        .map(word -> word.charAt(0) + word.substring(1).toLowerCase(java.util.Locale.ROOT))
                        .collect(Collectors.joining())
                + (raised ? "" : "Cleared");
    }

    private String translate(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("snmptranslate", "-m", "VRG-MIB", "-Pw", "-Pu"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .putAll(Map.of(
                        "MIBDIRS", TestSettings.MIB.toRealPath().toString(),
                        "SNMP_PERSISTENT_DIR", folder.toString(),
                        "SNMPCONFPATH", folder.toString()));
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new IOException("snmptranslate can't be started; install it: apt-get install snmp", e);
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), output);
        return output.replaceFirst("^Created directory: .*\n", "").strip();
    }

    @Test
    void namesEveryNotificationThatIsSent() throws Exception {
        List<String> names = new ArrayList<>();
        List<String> numbers = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (boolean raised : List.of(true, false)) {
                names.add("VRG-MIB::" + nameOf(kind, raised));
                numbers.add("." + TrapMessage.oid(notification(kind, raised)));
            }
        }
        translate("-On", names.get(0)); // makes the folders that it tells of once
        assertEquals(
                numbers,
                translate(withFirst("-On", names))
                        .lines()
                        .filter(line -> !line.isEmpty())
                        .toList());
        assertEquals(
                names,
                translate(withFirst("-OS", numbers))
                        .lines()
                        .filter(line -> !line.isEmpty())
                        .toList());
    }

    private static String[] withFirst(String option, List<String> others) {
        List<String> all = new ArrayList<>(List.of(option));
        all.addAll(others);
        return all.toArray(new String[0]);
    }

    @Test
    void describesEveryObjectThatIsSent() throws Exception {
        PDU pdu = new PDU();
        TrapMessage.fill(pdu, notification(Kind.VOLUME_ERROR, true), new UUID(1, 2), 3);
        List<String> numbers = pdu.getVariableBindings().stream()
                .map(binding -> binding.getOid())
                .filter(oid -> oid.startsWith(TrapMessage.ROOT))
                .map(OID::toString)
                .toList();
        assertEquals(10, numbers.size());
        String details = translate(withFirst("-Td", numbers));
        for (String object : List.of(
                "vrgNotificationNumber",
                "vrgGatewayUuid",
                "vrgAlarmId",
                "vrgAlarmSeverity",
                "vrgAlarmSince",
                "vrgNotificationTime",
                "vrgAlarmVmUuid",
                "vrgAlarmVolumeUuid",
                "vrgAlarmSubject",
                "vrgAlarmText")) {
            assertTrue(details.contains(object + " OBJECT-TYPE"), details);
        }
    }

    @Test
    void keepsSubIdentifiersWithin32Bits() {
        for (int part : TrapMessage.ROOT.getValue()) {
            assertTrue(part >= 0, "SNMP4J holds a sub-identifier above 2^31 as a negative number");
        }
    }
}
