package org.openvrg.rest.internal;

import java.util.Locale;
import org.openvrg.api.failure.RequestException;

/** Language of {@code errorDes}. */
enum Language {
    /** English, the default. */
    EN_US,
    /** Simplified Chinese. */
    ZH_CN;

    private static final int MAX_HEADER_CHARS = 512;

    /**
     * The preferred one of an {@code Accept-Language} header (RFC 9110, 12.5.4); {@code zh_CN} with an underscore is
     * the contract's own form. What can't be read counts as absent.
     *
     * @param header value of the header, {@code null} when there is none
     */
    static Language ofHeader(String header) {
        if (header == null || header.length() > MAX_HEADER_CHARS) {
            return EN_US;
        }
        Language best = EN_US;
        double bestQuality = 0;
        for (String entry : header.split(",")) {
            String[] parts = entry.strip().split(";", -1);
            String tag = parts[0].strip().toLowerCase(Locale.ROOT).replace('_', '-');
            double quality = parts.length > 1 ? quality(parts[1].strip()) : 1;
            boolean chinese = tag.equals("zh") || tag.startsWith("zh-");
            boolean english = tag.equals("en") || tag.startsWith("en-") || tag.equals("*");
            if ((chinese || english) && quality > bestQuality) {
                best = chinese ? ZH_CN : EN_US;
                bestQuality = quality;
            }
        }
        return best;
    }

    /** The text of a failure in this language. */
    String choose(RequestException failure) {
        return this == ZH_CN ? failure.chinese() : failure.english();
    }

    private static double quality(String parameter) {
        if (!parameter.matches("q=(0(\\.[0-9]{0,3})?|1(\\.0{0,3})?)")) {
            return 0;
        }
        return Double.parseDouble(parameter.substring(2));
    }
}
