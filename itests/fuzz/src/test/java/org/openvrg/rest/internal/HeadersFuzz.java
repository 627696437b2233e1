package org.openvrg.rest.internal;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import javax.ws.rs.core.MultivaluedHashMap;
import javax.ws.rs.core.MultivaluedMap;
import org.openvrg.api.failure.RequestException;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;

/** Headers, query parameters and the values in paths: all texts that are taken apart by hand. */
public final class HeadersFuzz {
    private static final long HEAP_BYTES = 8L << 20;
    /** A list of many short entries makes some small objects of each, looked at several times here. */
    private static final long HEAP_BYTES_PER_BYTE = 4096;

    private static final String[] PARAMETERS = {"limit", "offset", "faultVms", "vmUuid"};

    private HeadersFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(HEAP_BYTES + HEAP_BYTES_PER_BYTE * data.length, () -> one(new Input(data)));
    }

    private static void one(Input input) {
        switch (input.below(4)) {
            case 0 -> language(new String(input.rest(), StandardCharsets.ISO_8859_1));
            case 1 -> version(new String(input.rest(), StandardCharsets.ISO_8859_1));
            case 2 -> query(input);
            default -> values(new String(input.rest(), StandardCharsets.UTF_8));
        }
    }

    private static void language(String header) {
        Language language = Language.ofHeader(header);
        String lower = header.toLowerCase(Locale.ROOT);
        Check.that(language == Language.EN_US || lower.contains("zh"), "Chinese that was not asked for");
        Check.equal(language, Language.ofHeader(header), "the same header once more");
        if (header.length() < 500) {
            Check.equal(language, Language.ofHeader(header + ",fr;q=0.1"), "another language changes nothing");
        }
    }

    private static void version(String header) {
        boolean served = HeaderFilter.asksForServedVersion(header);
        boolean named = header.toLowerCase(Locale.ROOT).contains("version");
        Check.that(served || named, "a version is refused that nobody named");
        Check.equal(served || isAllPassedOver(header), served, "entries of other types are passed over");
        Check.that(
                HeaderFilter.asksForServedVersion(header + ",application/json"), "one entry without version will do");
    }

    private static boolean isAllPassedOver(String header) {
        return !header.contains("json")
                && !header.contains("*")
                && !header.toLowerCase(Locale.ROOT).contains("json");
    }

    private static void query(Input input) {
        MultivaluedMap<String, String> parameters = new MultivaluedHashMap<>();
        List<String> uuids = new ArrayList<>();
        while (!input.isEmpty()) {
            String name = PARAMETERS[input.below(PARAMETERS.length)];
            String value = input.text();
            parameters.add(name, value);
            if (name.equals("vmUuid")) {
                uuids.add(value);
            }
        }
        try {
            StrategyQuery query = StrategyQuery.of(parameters);
            Check.that(query.limit() >= 1 && query.limit() <= StrategyQuery.MAX_LIMIT, "limit " + query.limit());
            Check.that(query.offset() >= 0, "offset " + query.offset());
            for (UUID uuid : query.vmUuids()) {
                Check.that(uuids.stream().anyMatch(uuid.toString()::equalsIgnoreCase), "a VM that was not asked for");
            }
        } catch (RequestException e) {
            answered(e);
        }
    }

    private static void values(String text) {
        try {
            UUID uuid = Requests.vmUuid(text);
            Check.that(uuid.toString().equalsIgnoreCase(text), "a UUID that is not the text's");
        } catch (RequestException e) {
            answered(e);
        }
        try {
            Check.equal(text, Requests.hostAddress("ip", text), "an address");
        } catch (RequestException e) {
            answered(e);
        }
    }

    private static void answered(RequestException failure) {
        Check.that(
                failure.error().httpStatus() / 100 == 4,
                "status " + failure.error().httpStatus());
        for (Language language : Language.values()) {
            String text = language.choose(failure);
            Check.that(text.length() < 1024, "an error of " + text.length() + " characters");
            Check.that(text.chars().noneMatch(Character::isISOControl), "an error with control characters");
            Check.equal(
                    text,
                    new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8),
                    "an error in UTF-8");
        }
    }
}
