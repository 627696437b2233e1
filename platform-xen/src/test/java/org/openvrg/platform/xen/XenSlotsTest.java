package org.openvrg.platform.xen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class XenSlotsTest {
    /** The numbers are worked out by hand from the interface document, not by the code's own formula. */
    @ParameterizedTest
    @CsvSource({
        "1, xvda, 51712",
        "2, xvdb, 51728",
        "3, xvdc, 51744",
        "15, xvdo, 51936",
        "16, xvdp, 51952",
        "17, xvdq, 268439552",
        "18, xvdr, 268439808",
        "26, xvdz, 268441856",
        "27, xvdaa, 268442112",
        "28, xvdab, 268442368",
        "39, xvdam, 268445184",
        "40, xvdan, 268445440"
    })
    void namesAndNumbersTheDeviceOfASlot(int slot, String name, int number) {
        assertEquals(name, XenSlots.deviceName(slot));
        assertEquals(number, XenSlots.virtualDevice(slot));
    }

    @Test
    void givesEverySlotItsOwnNameAndNumber() {
        Set<Object> seen = new HashSet<>();
        for (int slot = 1; slot <= 40; slot++) {
            seen.add(XenSlots.deviceName(slot));
            seen.add(XenSlots.virtualDevice(slot));
        }
        assertEquals(80, seen.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 41, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void refusesASlotOutOfRange(int slot) {
        assertThrows(IllegalArgumentException.class, () -> XenSlots.deviceName(slot));
        assertThrows(IllegalArgumentException.class, () -> XenSlots.virtualDevice(slot));
    }
}
