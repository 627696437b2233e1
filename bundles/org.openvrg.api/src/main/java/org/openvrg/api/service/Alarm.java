package org.openvrg.api.service;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openvrg.api.model.VolumeId;

/**
 * An alarm that is raised.
 *
 * @param id number at this gateway, 1 to 4,294,967,295; no other alarm had it
 * @param kind what is wrong
 * @param subject with what, in a form that {@link AlarmService} describes
 * @param since when it was raised
 * @param text English, for operators
 */
public record Alarm(long id, AlarmService.Kind kind, String subject, Instant since, String text) {
    /** Largest id. */
    public static final long MAX_ID = 0xFFFF_FFFFL;

    private static final Pattern OF_VM =
            Pattern.compile("([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:/([A-Za-z0-9-]{1,64}))?");

    /** Checks the id. */
    public Alarm {
        if (id < 1 || id > MAX_ID) {
            throw new IllegalArgumentException("the id of an alarm is 1 to " + MAX_ID + ", not " + id);
        }
        Objects.requireNonNull(kind);
        Objects.requireNonNull(subject);
        Objects.requireNonNull(since);
        Objects.requireNonNull(text);
    }

    /** The VM that it is about. */
    public Optional<UUID> vmUuid() {
        Matcher matcher = OF_VM.matcher(subject);
        return matcher.matches() ? Optional.of(UUID.fromString(matcher.group(1))) : Optional.empty();
    }

    /** The volume that it is about. */
    public Optional<VolumeId> volume() {
        Matcher matcher = OF_VM.matcher(subject);
        return matcher.matches() ? Optional.ofNullable(matcher.group(2)).map(VolumeId::new) : Optional.empty();
    }
}
