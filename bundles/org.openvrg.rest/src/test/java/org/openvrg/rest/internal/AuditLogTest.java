package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class AuditLogTest {
    private static AuditLog.Call call(String user, String path) {
        return new AuditLog.Call(
                Optional.of(user), false, "127.0.0.1", "POST", path, 400, Optional.of("10440101"), Optional.empty());
    }

    @Test
    void tellsAllOfACall() {
        String line = AuditLog.line(new AuditLog.Call(
                Optional.of("admin"),
                false,
                "192.0.2.7",
                "POST",
                "/vrgservice/vmstrategy",
                200,
                Optional.empty(),
                Optional.of("0a1b2c3d-0000-1111-2222-0123456789ab")));
        assertEquals(
                "user=\"admin\" from=\"192.0.2.7\" method=\"POST\" path=\"/vrgservice/vmstrategy\" status=200"
                        + " errorCode=- vmUuid=\"0a1b2c3d-0000-1111-2222-0123456789ab\"",
                line);
    }

    @Test
    void letsNoValueForgeALine() {
        String line = AuditLog.line(call("x\" status=200\r\n\u2028user=\"admin", "/a\u0085\u001b[2J\\"));
        assertTrue(line.chars().allMatch(c -> c >= ' ' && c <= '~'), line);
        assertTrue(line.startsWith("user=\"x\\u0022 status=200\\u000d\\u000a\\u2028user=\\u0022admin\" from="), line);
        assertTrue(line.contains("path=\"/a\\u0085\\u001b[2J\\u005c\""), line);
    }

    @Test
    void cutsLongValues() {
        String line = AuditLog.line(call("a", "/" + "b".repeat(100_000)));
        assertTrue(line.length() < 500, line);
    }

    @Test
    void tellsAnAbsentUser() {
        String line = AuditLog.line(new AuditLog.Call(
                Optional.empty(), true, "::1", "GET", "/x", 400, Optional.of("10440102"), Optional.empty()));
        assertTrue(line.startsWith("user=- from=\"::1\""), line);
        assertFalse(line.contains("vmUuid"), line);
    }
}
