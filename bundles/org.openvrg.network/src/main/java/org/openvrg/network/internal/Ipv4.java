package org.openvrg.network.internal;

import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** IPv4 addresses and masks as numbers of 32 bits; no name is ever resolved. Stateless. */
final class Ipv4 {
    static final long ALL_ONES = 0xFFFF_FFFFL;

    private static final int BITS = 32;
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final Pattern DOTTED_QUAD = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");

    private Ipv4() {}

    /** The number of a dotted quad without leading zeros; empty for any other text. */
    static OptionalLong parse(String text) {
        if (!DOTTED_QUAD.matcher(text).matches()) {
            return OptionalLong.empty();
        }
        long number = 0;
        for (String octet : text.split("\\.", -1)) {
            number = number << 8 | Integer.parseInt(octet);
        }
        return OptionalLong.of(number);
    }

    /** The dotted quad of a number. */
    static String format(long number) {
        return (number >> 24 & 0xFF) + "." + (number >> 16 & 0xFF) + "." + (number >> 8 & 0xFF) + "." + (number & 0xFF);
    }

    /** The mask of a prefix of 0 to 32 bits. */
    static long mask(int prefixLength) {
        return (ALL_ONES << (BITS - prefixLength)) & ALL_ONES;
    }

    /** The length of the prefix that a mask stands for; empty when its ones are not contiguous. */
    static OptionalInt prefixLength(long mask) {
        int length = Long.bitCount(mask);
        return mask == mask(length) ? OptionalInt.of(length) : OptionalInt.empty();
    }
}
