package org.openvrg.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openvrg.platform.kvm.KvmSlots;
import org.openvrg.platform.xen.XenSlots;

/**
 * A disk of a VM may sit on one kind of hypervisor at production and on another at the DR side: the slot is what both
 * know, and each names its own device for it.
 */
class SlotTranslationTest {
    static IntStream slots() {
        return IntStream.rangeClosed(1, 40);
    }

    @ParameterizedTest
    @MethodSource("slots")
    void bothPlatformsMeanTheSameDiskByASlot(int slot) {
        String kvm = KvmSlots.deviceName(slot);
        String xen = XenSlots.deviceName(slot);
        assertEquals("v" + xen.substring(2), kvm, "xvd… and vd…, with the same letters");
        assertEquals(slot, XenSlots.slot(XenSlots.virtualDevice(slot)).orElseThrow());
    }

    @Test
    void namesTheEdgesOnBoth() {
        assertEquals("vdp xvdp", KvmSlots.deviceName(16) + " " + XenSlots.deviceName(16));
        assertEquals("vdq xvdq", KvmSlots.deviceName(17) + " " + XenSlots.deviceName(17));
        assertEquals("vdz xvdz", KvmSlots.deviceName(26) + " " + XenSlots.deviceName(26));
        assertEquals("vdaa xvdaa", KvmSlots.deviceName(27) + " " + XenSlots.deviceName(27));
        assertEquals("vdan xvdan", KvmSlots.deviceName(40) + " " + XenSlots.deviceName(40));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 41})
    void noPlatformHasAnySlotThatTheOtherLacks(int slot) {
        assertThrows(IllegalArgumentException.class, () -> KvmSlots.deviceName(slot));
        assertThrows(IllegalArgumentException.class, () -> XenSlots.deviceName(slot));
    }
}
