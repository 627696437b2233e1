package org.openvrg.nbd.internal;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads the data of options. Every length is checked against what is there, and nothing may be left over.
 *
 * <pre>
 * INFO, GO:           | name length 4 | name | count 2 | info 2 * count |
 * LIST/SET_META_…:    | name length 4 | name | count 4 | (length 4, query) * count |
 * </pre>
 */
final class OptionData {
    private final ByteBuffer data;

    private OptionData(byte[] data) {
        this.data = ByteBuffer.wrap(data);
    }

    /** Data that is not of the option's form. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedException(String message) {
            super(message);
        }
    }

    /** What INFO and GO ask for. */
    record InfoRequest(String name, Set<Integer> kinds) {}

    /** What the two context options ask for. */
    record ContextRequest(String name, List<String> queries) {}

    static String exportName(byte[] data) throws MalformedException {
        return new OptionData(data).string(data.length);
    }

    static InfoRequest info(byte[] bytes) throws MalformedException {
        OptionData in = new OptionData(bytes);
        String name = in.string(in.length());
        in.need(2);
        int count = Short.toUnsignedInt(in.data.getShort());
        in.need(2 * count);
        Set<Integer> kinds = new HashSet<>();
        for (int i = 0; i < count; i++) {
            kinds.add((int) in.data.getShort());
        }
        in.end();
        return new InfoRequest(name, Set.copyOf(kinds));
    }

    static ContextRequest contexts(byte[] bytes) throws MalformedException {
        OptionData in = new OptionData(bytes);
        String name = in.string(in.length());
        long count = in.length();
        if (count > in.data.remaining() / 4) {
            throw new MalformedException("more queries announced than sent");
        }
        List<String> queries = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            queries.add(in.string(in.length()));
        }
        in.end();
        return new ContextRequest(name, List.copyOf(queries));
    }

    private long length() throws MalformedException {
        need(4);
        return Integer.toUnsignedLong(data.getInt());
    }

    private String string(long length) throws MalformedException {
        if (length > Protocol.MAX_STRING_BYTES) {
            throw new MalformedException("a string of more than " + Protocol.MAX_STRING_BYTES + " bytes");
        }
        need((int) length);
        ByteBuffer bytes = data.slice(data.position(), (int) length);
        data.position(data.position() + (int) length);
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
            if (text.indexOf('\0') >= 0) {
                throw new MalformedException("a string with a zero byte");
            }
            return text;
        } catch (CharacterCodingException e) {
            throw new MalformedException("a string that is not UTF-8");
        }
    }

    private void need(int bytes) throws MalformedException {
        if (data.remaining() < bytes) {
            throw new MalformedException("the data ends too early");
        }
    }

    private void end() throws MalformedException {
        if (data.hasRemaining()) {
            throw new MalformedException("the data is longer than it should be");
        }
    }
}
