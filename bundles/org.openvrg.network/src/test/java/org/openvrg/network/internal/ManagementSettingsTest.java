package org.openvrg.network.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.NetworkService;

class ManagementSettingsTest {
    @ParameterizedTest
    @CsvSource({
        "192.0.2.7, 255.255.255.0, 192.0.2.1, 192.0.2.7/24",
        "10.1.2.3, 255.0.0.0, 10.255.255.254, 10.1.2.3/8",
        "192.0.2.5, 255.255.255.252, 192.0.2.6, 192.0.2.5/30",
        "10.0.0.255, 255.255.0.0, 10.0.1.0, 10.0.0.255/16",
        "100.0.0.1, 128.0.0.0, 1.0.0.1, 100.0.0.1/1",
        "223.255.255.254, 255.255.255.0, 223.255.255.1, 223.255.255.254/24"
    })
    void takes(String ip, String mask, String gateway, String cidr) throws RequestException {
        NetworkService.Management wanted = new NetworkService.Management(ip, mask, gateway);
        ManagementSettings settings = ManagementSettings.of(wanted);
        assertEquals(cidr, settings.cidr());
        assertEquals(wanted, settings.toManagement());
    }

    @ParameterizedTest
    @CsvSource({
        // what is no dotted quad
        "'', 255.255.255.0, 192.0.2.1, 10440301, newIp",
        "gateway.example, 255.255.255.0, 192.0.2.1, 10440301, newIp",
        "2001:db8::1, 255.255.255.0, 192.0.2.1, 10440301, newIp",
        "192.0.2, 255.255.255.0, 192.0.2.1, 10440301, newIp",
        "192.0.2.256, 255.255.255.0, 192.0.2.1, 10440301, newIp",
        "192.0.2.07, 255.255.255.0, 192.0.2.1, 10440301, newIp",
        "192.0.2.7/24, 255.255.255.0, 192.0.2.1, 10440301, newIp",
        "192.0.2.7 , 255.255.255.0, ' 192.0.2.1', 10440301, newGateway",
        "192.0.2.7, 255.255.255.0, 0x0a000001, 10440301, newGateway",
        "192.0.2.7, 255.255.255.0, '192.0.2.1;reboot', 10440301, newGateway",
        // masks
        "192.0.2.7, 24, 192.0.2.1, 10440101, newMask",
        "192.0.2.7, '', 192.0.2.1, 10440101, newMask",
        "192.0.2.7, 255.0.255.0, 192.0.2.1, 10440101, newMask",
        "192.0.2.7, 0.0.0.255, 192.0.2.1, 10440101, newMask",
        "192.0.2.7, 255.255.255.1, 192.0.2.1, 10440101, newMask",
        "192.0.2.7, 0.0.0.0, 192.0.2.1, 10440101, newMask",
        "192.0.2.7, 255.255.255.254, 192.0.2.6, 10440101, newMask",
        "192.0.2.7, 255.255.255.255, 192.0.2.7, 10440101, newMask",
        // addresses that are not those of one machine
        "192.0.2.0, 255.255.255.0, 192.0.2.1, 10440101, newIp",
        "192.0.2.255, 255.255.255.0, 192.0.2.1, 10440101, newIp",
        "192.0.2.4, 255.255.255.252, 192.0.2.5, 10440101, newIp",
        "127.0.0.2, 255.0.0.0, 127.0.0.1, 10440101, newIp",
        "224.0.0.5, 255.255.255.0, 224.0.0.1, 10440101, newIp",
        "239.255.255.5, 255.255.255.0, 239.255.255.1, 10440101, newIp",
        "240.0.0.5, 255.255.255.0, 240.0.0.1, 10440101, newIp",
        "255.255.255.255, 255.255.255.0, 255.255.255.1, 10440101, newIp",
        "0.0.0.0, 255.0.0.0, 0.0.0.1, 10440101, newIp",
        "0.0.0.5, 255.255.255.0, 0.0.0.1, 10440101, newIp",
        // gateways
        "192.0.2.7, 255.255.255.0, 192.0.3.1, 10440101, newGateway",
        "192.0.2.5, 255.255.255.252, 192.0.2.9, 10440101, newGateway",
        "192.0.2.7, 255.255.255.0, 192.0.2.7, 10440101, newGateway",
        "192.0.2.7, 255.255.255.0, 192.0.2.0, 10440101, newGateway",
        "192.0.2.7, 255.255.255.0, 192.0.2.255, 10440101, newGateway",
        "192.0.2.7, 255.255.255.0, 127.0.0.1, 10440101, newGateway",
        "100.0.0.1, 128.0.0.0, 127.0.0.1, 10440101, newGateway"
    })
    void refuses(String ip, String mask, String gateway, String code, String field) {
        RequestException refused = assertThrows(
                RequestException.class, () -> ManagementSettings.of(new NetworkService.Management(ip, mask, gateway)));
        assertEquals(code, refused.error().code());
        assertTrue(refused.english().startsWith(field + " "), refused.english());
        assertTrue(refused.chinese().startsWith(field + " "), refused.chinese());
    }

    @Test
    void cutsWhatItShowsOfAHostileText() {
        RequestException refused = assertThrows(
                RequestException.class,
                () -> ManagementSettings.of(
                        new NetworkService.Management("<b>\n" + "x".repeat(100_000), "255.0.0.0", "10.0.0.1")));
        assertTrue(refused.english().length() < 200);
        assertTrue(refused.english().chars().noneMatch(Character::isISOControl));
    }
}
