package org.openvrg.platform.kvm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;

class DiskMatchTest {
    private static final String FIRST = "6e1d1f5c-0d29-4a4c-9a3b-0c7c6b1d9a10";
    private static final String SECOND = "7e1d1f5c-0d29-4a4c-9a3b-0c7c6b1d9a10";

    private static Optional<String> find(String volume, int slot, String... serials) {
        List<VmDisk> disks = java.util.stream.IntStream.range(0, serials.length)
                .mapToObj(i -> new VmDisk("/device/" + i, "node" + (i + 1), serials[i], 1, false))
                .toList();
        OptionalInt where = slot == 0 ? OptionalInt.empty() : OptionalInt.of(slot);
        return DiskMatch.find(disks, new DiskRef(UUID.randomUUID(), new VolumeId(volume), where))
                .map(VmDisk::node);
    }

    @Test
    void theSerialIsStrongerThanTheSlot() {
        assertEquals(Optional.of("node2"), find(SECOND, 1, FIRST, SECOND));
    }

    @Test
    void aSerialCutToWhatAVirtioGuestSeesIsEnough() {
        assertEquals(Optional.of("node2"), find(SECOND, 0, "", SECOND.substring(0, 20)));
        assertEquals(Optional.empty(), find(SECOND, 0, "", SECOND.substring(0, 19)));
    }

    @Test
    void caseDoesNotMatter() {
        assertEquals(Optional.of("node1"), find(FIRST, 0, FIRST.toUpperCase(java.util.Locale.ROOT)));
    }

    @Test
    void withoutSerialTheSlotCounts() {
        assertEquals(Optional.of("node2"), find(FIRST, 2, "", ""));
        assertEquals(Optional.of("node2"), find(FIRST, 2, "", "BOOT"));
        assertEquals(Optional.empty(), find(FIRST, 3, "", ""));
        assertEquals(Optional.empty(), find(FIRST, 0, "", ""));
    }

    @Test
    void aDiskOfAnotherVolumeIsNotTakenForItsSlot() {
        assertEquals(Optional.empty(), find(FIRST, 1, SECOND));
        assertEquals(Optional.empty(), find(FIRST, 1, SECOND.substring(0, 20)));
    }
}
