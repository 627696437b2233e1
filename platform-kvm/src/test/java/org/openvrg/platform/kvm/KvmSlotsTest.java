package org.openvrg.platform.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KvmSlotsTest {
    @ParameterizedTest
    @CsvSource({"1, vda", "2, vdb", "26, vdz", "27, vdaa", "28, vdab", "40, vdan"})
    void namesTheDeviceOfASlot(int slot, String name) {
        assertEquals(name, KvmSlots.deviceName(slot));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 41, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void refusesASlotOutOfRange(int slot) {
        assertThrows(IllegalArgumentException.class, () -> KvmSlots.deviceName(slot));
    }
}
