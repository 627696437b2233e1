package org.openvrg.writeagent.internal;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;

/** The writeagent's state file with any bytes: damage is told, and no index is believed that can not be. */
public final class StateFileFuzz {
    private static final UUID VM = new UUID(1, 2);
    private static final StateFile.Lives LIVES = new StateFile.Lives(new UUID(3, 4), new UUID(5, 6));

    private StateFileFuzz() {}

    public static void one(Input input, Path folder) throws Exception {
        Path file = folder.resolve("vm.state");
        int form = input.unsignedByte();
        byte[] bytes = input.bytes((form & 1) == 0 ? 96 : 120);
        if ((form & 2) != 0 && bytes.length >= 96) {
            ByteBuffer out = ByteBuffer.wrap(bytes);
            out.putLong(0, 0x5652474147535431L).putLong(8, 1).putLong(16, 2);
            if ((form & 4) != 0) {
                out.putLong(48, 3).putLong(56, 4);
            }
            CRC32C crc = new CRC32C();
            crc.update(out.slice(0, 64));
            out.putInt(64, (int) crc.getValue()).putInt(68, form >> 5);
        }
        Files.write(file, bytes);
        Optional<StateFile> state = StateFile.open(file, VM, LIVES);
        if (state.isEmpty()) {
            return;
        }
        Check.equal(96, bytes.length, "length of a state file");
        long applied = state.get().appliedIndex();
        long flushed = state.get().flushedIndex();
        Check.that(flushed >= 0 && applied >= flushed, "applied " + applied + ", flushed " + flushed);
        Check.that((form & 4) != 0 || applied == flushed || isOfLives(bytes), "what another life did not flush counts");
        StateFile again = StateFile.open(file, VM, LIVES).orElseThrow();
        Check.equal(state.get().owner(), again.owner(), "owner at the second opening");
        Check.equal(applied, again.appliedIndex(), "applied index at the second opening");
        again.delete();
    }

    private static boolean isOfLives(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        long low = in.getLong(56);
        long high = in.getLong(48);
        return (high == 3 && low == 4) || (high == 5 && low == 6);
    }
}
