package org.openvrg.alarm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.annotation.Annotation;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
    @TempDir
    Path folder;

    /** A configuration with the defaults, but for some members. */
    private static Config config(Map<String, Object> values) {
        return (Config) Proxy.newProxyInstance(
                Config.class.getClassLoader(), new Class<?>[] {Config.class}, (self, method, arguments) -> {
                    if (method.getDeclaringClass() == Annotation.class) {
                        return Config.class;
                    }
                    return values.getOrDefault(method.getName().replace("$_$", "-"), method.getDefaultValue());
                });
    }

    private static String refused(Map<String, Object> values) {
        return assertThrows(IllegalArgumentException.class, () -> Settings.of(config(values)))
                .getMessage();
    }

    private String file(String name, String text) throws Exception {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    @Test
    void readsTheCommunityFromTheConfigurationOrAFile() throws Exception {
        Settings plain = Settings.of(config(Map.of("community", " public ")));
        assertEquals(new Settings.Community(new Secret("public")), plain.security());
        assertTrue(plain.inform());
        assertEquals(Duration.ofDays(1), plain.expiry());
        String file = file("community", "hidden one\n");
        assertEquals(
                new Settings.Community(new Secret("hidden one")),
                Settings.of(config(Map.of("community", "public", "community-file", file)))
                        .security());
    }

    @Test
    void readsTheUserAndShowsNoSecret() throws Exception {
        Settings settings = Settings.of(config(Map.of(
                "version", "v3",
                "notification", "trap",
                "user", "operator",
                "auth-password-file", file("auth", "auth-secret-1\n"),
                "privacy-password-file", file("privacy", "privacy-secret-2"))));
        Settings.User user = assertInstanceOf(Settings.User.class, settings.security());
        assertEquals("auth-secret-1", user.authPassword().value());
        assertEquals("privacy-secret-2", user.privacyPassword().value());
        assertFalse(settings.inform());
        assertFalse(settings.toString().contains("secret-"), settings.toString());
    }

    @Test
    void namesWhatIsWrongAndWhatWouldBeRight() throws Exception {
        String shortFile = file("short", "1234567");
        Map<Map<String, Object>, List<String>> wrong = Map.of(
                Map.of("version", "v1"), List.of("version = v1", "v2c or v3"),
                Map.of("community", "x", "notification", "both"), List.of("notification = both", "inform or trap"),
                Map.of("community", ""), List.of("community is missing"),
                Map.of("version", "v3"), List.of("user = ", "1 to 32"),
                Map.of("version", "v3", "user", "u"), List.of("auth-password-file", "v3 needs it"),
                Map.of("version", "v3", "user", "u", "auth-password-file", shortFile),
                        List.of("auth-password-file", "at least 8"),
                Map.of("community", "x", "timeout-millis", 99L), List.of("timeout-millis = 99", "100 to 60000"),
                Map.of("community", "x", "queue-limit", 100_001), List.of("queue-limit = 100001", "100 to 100000"),
                Map.of("community-file", folder.resolve("none").toString()),
                        List.of("community-file", "a file of at most"),
                Map.of("community", "x", "expiry-seconds", 9L), List.of("expiry-seconds = 9", "10 to 2592000"));
        wrong.forEach((values, parts) -> {
            String message = refused(values);
            parts.forEach(part -> assertTrue(message.contains(part), message));
            assertFalse(message.contains("1234567"), message);
        });
    }

    @Test
    void countsStartsUpwardsEvenWhenTheFileIsLost() throws Exception {
        Clock clock = Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC);
        EngineBoots boots = new EngineBoots(folder, clock);
        int first = boots.next();
        assertEquals(first + 1, boots.next());
        assertEquals(first + 2, new EngineBoots(folder, clock).next());
        Files.writeString(folder.resolve("engine-boots"), "damaged");
        Clock later = Clock.offset(clock, Duration.ofMinutes(3));
        assertEquals(first + 3, new EngineBoots(folder, later).next());
    }
}
