package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.CorruptedFrameException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;

/**
 * The basic forms of which payloads are made, all big-endian. Reading checks every length before it allocates and
 * throws {@link CorruptedFrameException}; writing throws {@link IllegalArgumentException} for what has no form.
 * Stateless.
 */
final class Payload {
    /** Longest text in UTF-8 bytes. */
    static final int MAX_TEXT_BYTES = 0xFFFF;

    /** Longest explanation for operators in characters; longer ones are cut. */
    static final int MAX_DETAIL_CHARACTERS = 1024;

    private Payload() {}

    static void writeUuid(ByteBuf out, UUID uuid) {
        out.writeLong(uuid.getMostSignificantBits()).writeLong(uuid.getLeastSignificantBits());
    }

    static UUID readUuid(ByteBuf in) {
        need(in, 16);
        return new UUID(in.readLong(), in.readLong());
    }

    static void writeText(ByteBuf out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_TEXT_BYTES) {
            throw new IllegalArgumentException("a text of " + bytes.length + " bytes is longer than 65,535");
        }
        out.writeShort(bytes.length).writeBytes(bytes);
    }

    /** Writes an explanation, cut to {@link #MAX_DETAIL_CHARACTERS}. */
    static void writeDetail(ByteBuf out, String text) {
        writeText(out, text.length() > MAX_DETAIL_CHARACTERS ? text.substring(0, MAX_DETAIL_CHARACTERS) : text);
    }

    static String readText(ByteBuf in) {
        need(in, 2);
        byte[] bytes = new byte[needed(in, in.readUnsignedShort())];
        in.readBytes(bytes);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CorruptedFrameException("a text is not UTF-8", e);
        }
    }

    static void writeBytes(ByteBuf out, byte[] bytes, int mostBytes) {
        if (bytes.length > mostBytes) {
            throw new IllegalArgumentException(bytes.length + " bytes where at most " + mostBytes + " may stand");
        }
        out.writeInt(bytes.length).writeBytes(bytes);
    }

    static byte[] readBytes(ByteBuf in, int mostBytes) {
        int length = readInt(in, 0, mostBytes);
        byte[] bytes = new byte[needed(in, length)];
        in.readBytes(bytes);
        return bytes;
    }

    static int readInt(ByteBuf in, int least, int most) {
        need(in, 4);
        int value = in.readInt();
        if (value < least || value > most) {
            throw new CorruptedFrameException("a number is " + value + " and must be " + least + " to " + most);
        }
        return value;
    }

    static long readLong(ByteBuf in) {
        need(in, 8);
        return in.readLong();
    }

    /** A number that is never negative. */
    static long readCount(ByteBuf in) {
        return readAtLeast(in, 0);
    }

    static long readAtLeast(ByteBuf in, long least) {
        long value = readLong(in);
        if (value < least) {
            throw new CorruptedFrameException("a number is " + value + " and must be at least " + least);
        }
        return value;
    }

    static boolean readBoolean(ByteBuf in) {
        return readByte(in, 0, 1) == 1;
    }

    static int readByte(ByteBuf in, int least, int most) {
        need(in, 1);
        int value = in.readUnsignedByte();
        if (value < least || value > most) {
            throw new CorruptedFrameException("a code is " + value + " and must be " + least + " to " + most);
        }
        return value;
    }

    /** A value by its place in a table, from 1. */
    static <T> void writeCode(ByteBuf out, T value, List<T> table) {
        out.writeByte(table.indexOf(value) + 1);
    }

    static <T> T readCode(ByteBuf in, List<T> table) {
        return table.get(readByte(in, 1, table.size()) - 1);
    }

    static void writeVolume(ByteBuf out, VolumeId volume) {
        writeText(out, volume.value());
    }

    static VolumeId readVolume(ByteBuf in) {
        String text = readText(in);
        if (!VolumeId.isValid(text)) {
            throw new CorruptedFrameException("a volume UUID has 1 to 64 letters, digits or '-'");
        }
        return new VolumeId(text);
    }

    static void writeKey(ByteBuf out, VolumeKey key) {
        out.writeLong(key.high()).writeLong(key.low());
    }

    static VolumeKey readKey(ByteBuf in) {
        need(in, VolumeKey.LENGTH_BYTES);
        return new VolumeKey(in.readLong(), in.readLong());
    }

    static <T> List<T> readList(ByteBuf in, int most, Function<ByteBuf, T> reader) {
        int count = readInt(in, 0, most);
        List<T> list = new ArrayList<>(Math.min(count, in.readableBytes()));
        for (int i = 0; i < count; i++) {
            list.add(reader.apply(in));
        }
        return List.copyOf(list);
    }

    static void writeCount(ByteBuf out, int count, int most) {
        if (count > most) {
            throw new IllegalArgumentException("a list of " + count + " where at most " + most + " may stand");
        }
        out.writeInt(count);
    }

    static Map<String, String> readMap(ByteBuf in, int most) {
        int count = readInt(in, 0, most);
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            if (map.put(readText(in), readText(in)) != null) {
                throw new CorruptedFrameException("a map has a key twice");
            }
        }
        return Map.copyOf(map);
    }

    private static int needed(ByteBuf in, int bytes) {
        need(in, bytes);
        return bytes;
    }

    private static void need(ByteBuf in, int bytes) {
        if (in.readableBytes() < bytes) {
            throw new CorruptedFrameException(
                    "a payload ends " + (bytes - in.readableBytes()) + " bytes before the end of a field");
        }
    }
}
