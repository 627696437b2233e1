package org.openvrg.fuzz;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * Reads decisions out of the bytes of one fuzz input, front to back; behind the end everything is zero. Not
 * thread-safe.
 */
public final class Input {
    private final ByteBuffer bytes;

    public Input(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    }

    public boolean isEmpty() {
        return !bytes.hasRemaining();
    }

    public int remaining() {
        return bytes.remaining();
    }

    /** 0..255. */
    public int unsignedByte() {
        return bytes.hasRemaining() ? Byte.toUnsignedInt(bytes.get()) : 0;
    }

    /** Zero to below a bound of at most 256. */
    public int below(int bound) {
        return unsignedByte() % bound;
    }

    public boolean flag() {
        return (unsignedByte() & 1) != 0;
    }

    public int unsignedShort() {
        return unsignedByte() << 8 | unsignedByte();
    }

    public int number() {
        return unsignedShort() << 16 | unsignedShort();
    }

    /** A small number mostly, any number now and then: the first byte tells how it is written. */
    public long longNumber() {
        int form = unsignedByte();
        return switch (form) {
            case 255 -> (long) number() << 32 | Integer.toUnsignedLong(number());
            case 254 -> Long.MAX_VALUE - unsignedByte();
            case 253 -> Long.MIN_VALUE + unsignedByte();
            case 252 -> -unsignedByte();
            case 251 -> number();
            case 250 -> unsignedShort();
            default -> form;
        };
    }

    /** At most so many bytes, fewer where the input ends. */
    public byte[] bytes(int most) {
        byte[] out = new byte[Math.min(most, bytes.remaining())];
        bytes.get(out);
        return out;
    }

    /** A length of two bytes, and so many bytes. */
    public byte[] sized() {
        return bytes(unsignedShort());
    }

    /** All that is left. */
    public byte[] rest() {
        return bytes(bytes.remaining());
    }

    /** A length of one byte, and so many bytes as text, whatever they are. */
    public String text() {
        return new String(bytes(unsignedByte()), StandardCharsets.UTF_8);
    }

    /** One of few. */
    public UUID uuid() {
        return new UUID(0, 1 + below(4));
    }
}
