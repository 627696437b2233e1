package org.openvrg.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** All fuzz targets: what {@code ./vrg fuzz} calls them, and their classes. */
enum Target {
    NBD_SERVER("org.openvrg.nbd.internal.NbdServerFuzz"),
    NBD_CLIENT("org.openvrg.nbd.client.NbdClientFuzz"),
    FRAMES("org.openvrg.wire.FrameFuzz"),
    LANE_SETUP("org.openvrg.wire.LaneSetupFuzz"),
    STANDBY("org.openvrg.replication.internal.standby.StandbyFuzz"),
    AGENT("org.openvrg.writeagent.internal.AgentFuzz"),
    JOURNAL("org.openvrg.journal.JournalFuzz"),
    STATE_FILES("org.openvrg.fuzz.StateFilesFuzz"),
    REST_BODIES("org.openvrg.rest.internal.BodiesFuzz"),
    REST_HEADERS("org.openvrg.rest.internal.HeadersFuzz"),
    STRATEGY_CODEC("org.openvrg.control.internal.StrategyCodecFuzz");

    private final String className;

    Target(String className) {
        this.className = className;
    }

    /** Name in commands and folders. */
    String text() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    String className() {
        return className;
    }

    /** Those named in a list with commas; all for an empty one. */
    static List<Target> named(String list) {
        if (list.isBlank()) {
            return List.of(values());
        }
        return Arrays.stream(list.split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .map(Target::one)
                .toList();
    }

    private static Target one(String name) {
        Optional<Target> found = Arrays.stream(values())
                .filter(target -> target.text().equals(name))
                .findFirst();
        return found.orElseThrow(() -> new IllegalArgumentException("there is no fuzz target " + name + "; there are "
                + Arrays.stream(values()).map(Target::text).toList()));
    }
}
