package org.openvrg.platform.xen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashSet;
import java.util.OptionalInt;
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
        "4, xvdd, 51760",
        "5, xvde, 51776",
        "6, xvdf, 51792",
        "7, xvdg, 51808",
        "8, xvdh, 51824",
        "9, xvdi, 51840",
        "10, xvdj, 51856",
        "11, xvdk, 51872",
        "12, xvdl, 51888",
        "13, xvdm, 51904",
        "14, xvdn, 51920",
        "15, xvdo, 51936",
        "16, xvdp, 51952",
        "17, xvdq, 268439552",
        "18, xvdr, 268439808",
        "19, xvds, 268440064",
        "20, xvdt, 268440320",
        "21, xvdu, 268440576",
        "22, xvdv, 268440832",
        "23, xvdw, 268441088",
        "24, xvdx, 268441344",
        "25, xvdy, 268441600",
        "26, xvdz, 268441856",
        "27, xvdaa, 268442112",
        "28, xvdab, 268442368",
        "29, xvdac, 268442624",
        "30, xvdad, 268442880",
        "31, xvdae, 268443136",
        "32, xvdaf, 268443392",
        "33, xvdag, 268443648",
        "34, xvdah, 268443904",
        "35, xvdai, 268444160",
        "36, xvdaj, 268444416",
        "37, xvdak, 268444672",
        "38, xvdal, 268444928",
        "39, xvdam, 268445184",
        "40, xvdan, 268445440"
    })
    void namesAndNumbersTheDeviceOfASlot(int slot, String name, int number) {
        assertEquals(name, XenSlots.deviceName(slot));
        assertEquals(number, XenSlots.virtualDevice(slot));
        assertEquals(OptionalInt.of(slot), XenSlots.slot(number));
        assertEquals(name, XenSlots.backendName(number));
    }

    /** Disks that the guest also has as emulated ones, as XenServer and HVM guests with {@code hda} number them. */
    @ParameterizedTest
    @CsvSource({
        "768, 1, hda",
        "832, 2, hdb",
        "5632, 3, hdc",
        "5696, 4, hdd",
        "2048, 1, sda",
        "2064, 2, sdb",
        "2288, 16, sdp"
    })
    void knowsTheNumbersOfEmulatedDisks(int number, int slot, String name) {
        assertEquals(OptionalInt.of(slot), XenSlots.slot(number));
        assertEquals(name, XenSlots.backendName(number));
    }

    @ParameterizedTest
    @CsvSource({
        "xvda1, 51713",
        "xvdp15, 51967",
        "xvdq1, 268439553",
        "xvda16, 268435472",
        "xvda as an extended number, 268435456",
        "xvdao, 268445696",
        "hda1, 769",
        "hdc63, 5695",
        "a third disk of the first IDE channel, 896",
        "sda1, 2049",
        "sdq, 16640",
        "a deprecated number, 0",
        "below everything, -1",
        "reserved for future use, 536870912",
        "the highest number, 2147483647"
    })
    void findsNoSlotForWhatIsNoWholeDiskOfOne(String what, int number) {
        assertEquals(OptionalInt.empty(), XenSlots.slot(number), what);
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
