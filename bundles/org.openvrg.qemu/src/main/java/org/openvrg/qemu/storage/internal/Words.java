package org.openvrg.qemu.storage.internal;

/** What programs say, as operators may read it. Stateless. */
final class Words {
    private static final int MAX_LENGTH = 300;

    private Words() {}

    /** The last line, without the command line that it quotes and without folders of this host. */
    static String forOperators(String words) {
        String last = words.lines().reduce((first, second) -> second).orElse("");
        String plain = last.replaceAll("^[a-z-]+: (--[a-z-]+ .*?\\}: )?", "").replaceAll("(/[^\\s:'\"/]+)+/", "");
        return plain.length() <= MAX_LENGTH ? plain : plain.substring(0, MAX_LENGTH) + "...";
    }
}
