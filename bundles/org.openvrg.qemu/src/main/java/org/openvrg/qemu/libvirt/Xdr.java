package org.openvrg.qemu.libvirt;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Values as XDR (RFC 4506) has them: big-endian words, strings with their length, padded to four bytes. */
final class Xdr {
    private static final int WORD_BYTES = 4;
    /** libvirt's own bound of a string. */
    private static final int MAX_STRING_BYTES = 4 << 20;

    private Xdr() {}

    /** Puts values one after the other. Used by one thread. */
    static final class Writer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Writer word(int value) {
            bytes.writeBytes(ByteBuffer.allocate(WORD_BYTES).putInt(value).array());
            return this;
        }

        Writer string(String text) {
            byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
            word(encoded.length);
            bytes.writeBytes(encoded);
            bytes.writeBytes(new byte[padding(encoded.length)]);
            return this;
        }

        Writer uuid(UUID uuid) {
            bytes.writeBytes(ByteBuffer.allocate(16)
                    .putLong(uuid.getMostSignificantBits())
                    .putLong(uuid.getLeastSignificantBits())
                    .array());
            return this;
        }

        Writer domain(LibvirtDomain domain) {
            return string(domain.name()).uuid(domain.uuid()).word(domain.id());
        }

        byte[] bytes() {
            return bytes.toByteArray();
        }
    }

    /** Takes values one after the other; what does not fit is an {@link IOException}. Used by one thread. */
    static final class Reader {
        private final ByteBuffer bytes;

        Reader(ByteBuffer bytes) {
            this.bytes = bytes;
        }

        int word() throws IOException {
            need(WORD_BYTES);
            return bytes.getInt();
        }

        long hyper() throws IOException {
            need(Long.BYTES);
            return bytes.getLong();
        }

        /** A number of things that follow. */
        int count(int most) throws IOException {
            int count = word();
            if (count < 0 || count > most) {
                throw new IOException("the daemon tells of " + Integer.toUnsignedString(count) + " things, " + most
                        + " are the most");
            }
            return count;
        }

        String string() throws IOException {
            int length = count(MAX_STRING_BYTES);
            need(length + padding(length));
            byte[] text = new byte[length];
            bytes.get(text);
            bytes.position(bytes.position() + padding(length));
            return new String(text, StandardCharsets.UTF_8);
        }

        /** A string that may be missing, which is the empty one then. */
        String optionalString() throws IOException {
            return word() == 0 ? "" : string();
        }

        LibvirtDomain domain() throws IOException {
            String name = string();
            need(16);
            UUID uuid = new UUID(bytes.getLong(), bytes.getLong());
            return new LibvirtDomain(name, uuid, word());
        }

        private void need(int length) throws IOException {
            if (bytes.remaining() < length) {
                throw new IOException("the daemon's message is cut short");
            }
        }
    }

    private static int padding(int length) {
        return (WORD_BYTES - length % WORD_BYTES) % WORD_BYTES;
    }
}
