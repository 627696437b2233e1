package org.openvrg.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the guest wrote, in its order, and what follows for the volumes: the production volumes after a crash, and the
 * standby volumes, which have to be a prefix of it whenever they count as consistent.
 *
 * <p>The prefix is found by stepping a model of the volumes forward until it equals the standby volumes, and never back:
 * {@code mismatches} counts the cells in which the two differ.
 */
final class History {
    private final Cells[] production;
    private final Cells[] standby;
    private final long[][] initial;
    private final long[][] model;
    private final List<Write> writes = new ArrayList<>();
    private int prefix;
    private int mismatches;
    private long nextId = 1;

    /** One write or zero; or, without an id, cells that a crash left behind in one of the ways that are allowed. */
    static final class Write {
        final int volume;
        final int cell;
        final int cells;
        private final long id;
        private final Optional<long[]> left;
        boolean acknowledged;
        boolean flushed;

        private Write(int volume, int cell, int cells, long id, Optional<long[]> left) {
            this.volume = volume;
            this.cell = cell;
            this.cells = cells;
            this.id = id;
            this.left = left;
        }

        long valueOf(int at) {
            return left.isPresent() ? left.get()[at - cell] : Cells.value(id, at);
        }

        byte[] bytes() {
            return Cells.bytes(id, cell, cells);
        }

        @Override
        public String toString() {
            return "write " + id + " of cells " + cell + ".." + (cell + cells - 1) + " of volume " + volume;
        }
    }

    History(Cells[] production, Cells[] standby) {
        this.production = production;
        this.standby = standby;
        this.initial = copy(production);
        this.model = copy(production);
        for (int volume = 0; volume < standby.length; volume++) {
            int at = volume;
            for (int cell = 0; cell < model[at].length; cell++) {
                mismatches += standby[at].cache[cell] == model[at][cell] ? 0 : 1;
            }
            standby[at].watcher = (cell, before, after) -> {
                if (cell >= model[at].length) {
                    throw new Violation("cell " + cell + " is behind the end of production's volume " + at);
                }
                long modelled = model[at][cell];
                mismatches += (after == modelled ? 0 : 1) - (before == modelled ? 0 : 1);
            };
        }
    }

    private static long[][] copy(Cells[] volumes) {
        long[][] images = new long[volumes.length][];
        for (int i = 0; i < volumes.length; i++) {
            images[i] = volumes[i].cache.clone();
        }
        return images;
    }

    /** The guest is about to write; a zero has the id 0. */
    Write begin(int volume, int cell, int cells, boolean zero) {
        Write write = new Write(volume, cell, cells, zero ? 0 : nextId++, Optional.empty());
        writes.add(write);
        return write;
    }

    int size() {
        return writes.size();
    }

    /** How many writes the standby volumes have, as far as that was needed. */
    int prefix() {
        return prefix;
    }

    /** The writes that are answered and were not covered by a flush yet. */
    List<Write> acknowledgedUnflushed() {
        return writes.stream()
                .filter(write -> write.acknowledged && !write.flushed)
                .toList();
    }

    /** The standby volumes count as consistent: they are what production was after some number of writes. */
    void checkPrefix() {
        while (mismatches != 0 && prefix < writes.size()) {
            step(writes.get(prefix++));
        }
        if (mismatches != 0) {
            throw new Violation("the standby volumes are no prefix of the history: " + firstMismatch());
        }
    }

    private void step(Write write) {
        for (int cell = write.cell; cell < write.cell + write.cells; cell++) {
            long standing = standby[write.volume].cache[cell];
            long before = model[write.volume][cell];
            long after = write.valueOf(cell);
            mismatches += (standing == after ? 0 : 1) - (standing == before ? 0 : 1);
            model[write.volume][cell] = after;
        }
    }

    private String firstMismatch() {
        for (int volume = 0; volume < model.length; volume++) {
            for (int cell = 0; cell < model[volume].length; cell++) {
                if (model[volume][cell] != standby[volume].cache[cell]) {
                    return mismatches + " cells, the first is " + cell + " of volume " + volume + " with "
                            + describe(standby[volume].cache[cell]) + " in place of " + describe(model[volume][cell]);
                }
            }
        }
        return "none";
    }

    static String describe(long value) {
        return value == 0 ? "zeroes" : "write " + (value >>> 16) + " of cell " + (value & 0xFFFF);
    }

    private long[][] imageOf(int count) {
        long[][] image = new long[initial.length][];
        for (int i = 0; i < initial.length; i++) {
            image[i] = initial[i].clone();
        }
        for (int i = 0; i < count; i++) {
            Write write = writes.get(i);
            for (int cell = write.cell; cell < write.cell + write.cells; cell++) {
                image[write.volume][cell] = write.valueOf(cell);
            }
        }
        return image;
    }

    /** The number of writes up to which all are acknowledged. */
    private int acknowledged() {
        int count = writes.size();
        while (count > 0
                && !writes.get(count - 1).acknowledged
                && writes.get(count - 1).left.isEmpty()) {
            count--;
        }
        return count;
    }

    /**
     * Production stands again after a kill. What was acknowledged must be there, and of the rest a prefix, or, where
     * nothing was captured, any part.
     */
    void checkAfterKill(boolean captured) {
        int count = acknowledged();
        long[][] image = imageOf(count);
        int survivors = count;
        while (!equalsProduction(image) && survivors < writes.size()) {
            Write write = writes.get(survivors++);
            for (int cell = write.cell; cell < write.cell + write.cells; cell++) {
                image[write.volume][cell] = write.valueOf(cell);
            }
        }
        if (equalsProduction(image)) {
            truncate(survivors);
            return;
        }
        if (captured) {
            throw new Violation("after a kill the production volumes are no prefix of the history from what was"
                    + " acknowledged on: " + difference(image));
        }
        checkAcknowledged(count);
        truncate(count);
        settle(false);
    }

    /**
     * The guest goes on after a kill without the journal, which can't be opened: what was acknowledged must be there; of
     * what was under way any part, as any disk leaves it, and the standby may have it.
     */
    void checkWithoutJournal() {
        checkAcknowledged(acknowledged());
        settle(false);
    }

    private void checkAcknowledged(int count) {
        long[][] least = imageOf(count);
        List<Write> open = List.copyOf(writes.subList(count, writes.size()));
        eachDifference(least, (volume, cell, standing) -> {
            boolean torn =
                    open.stream().anyMatch(write -> covers(write, volume, cell) && write.valueOf(cell) == standing);
            if (!torn) {
                throw new Violation("after a kill an acknowledged write is lost: " + difference(least));
            }
        });
    }

    private void truncate(int count) {
        if (prefix > count) {
            throw new Violation("the standby volumes have a write that production lost by a kill: prefix " + prefix
                    + " of " + count);
        }
        writes.subList(count, writes.size()).clear();
    }

    private static boolean covers(Write write, int volume, int cell) {
        return write.volume == volume && cell >= write.cell && cell < write.cell + write.cells;
    }

    /** Production stands again after a power loss: what was flushed must be there, or something newer. */
    void checkAfterPowerLoss() {
        long[][] image = imageOf(0);
        int[][] since = new int[image.length][];
        for (int volume = 0; volume < image.length; volume++) {
            since[volume] = new int[image[volume].length];
        }
        for (int i = 0; i < writes.size(); i++) {
            Write write = writes.get(i);
            if (write.flushed) {
                for (int cell = write.cell; cell < write.cell + write.cells; cell++) {
                    image[write.volume][cell] = write.valueOf(cell);
                    since[write.volume][cell] = i + 1;
                }
            }
        }
        eachDifference(image, (volume, cell, standing) -> {
            boolean newer = writes.subList(since[volume][cell], writes.size()).stream()
                    .anyMatch(write -> covers(write, volume, cell) && write.valueOf(cell) == standing);
            if (!newer) {
                throw new Violation("a power loss took a flushed write: cell " + cell + " of volume " + volume + " has "
                        + describe(standing) + " in place of " + describe(image[volume][cell]));
            }
        });
        settle(true);
    }

    /**
     * Takes what a crash left in the production volumes into the history.
     *
     * @param durable whether it survives a power loss
     */
    void settle(boolean durable) {
        long[][] image = imageOf(writes.size());
        for (int volume = 0; volume < image.length; volume++) {
            int first = -1;
            int last = -1;
            for (int cell = 0; cell < image[volume].length; cell++) {
                if (image[volume][cell] != production[volume].cache[cell]) {
                    first = first < 0 ? cell : first;
                    last = cell;
                }
            }
            if (first >= 0) {
                long[] left = java.util.Arrays.copyOfRange(production[volume].cache, first, last + 1);
                Write crash = new Write(volume, first, left.length, -1, Optional.of(left));
                crash.acknowledged = true;
                crash.flushed = durable;
                writes.add(crash);
            }
        }
    }

    private interface Difference {
        void at(int volume, int cell, long standing);
    }

    private void eachDifference(long[][] image, Difference difference) {
        for (int volume = 0; volume < image.length; volume++) {
            for (int cell = 0; cell < image[volume].length; cell++) {
                if (image[volume][cell] != production[volume].cache[cell]) {
                    difference.at(volume, cell, production[volume].cache[cell]);
                }
            }
        }
    }

    private boolean equalsProduction(long[][] image) {
        for (int volume = 0; volume < image.length; volume++) {
            if (!java.util.Arrays.equals(image[volume], production[volume].cache)) {
                return false;
            }
        }
        return true;
    }

    private String difference(long[][] image) {
        for (int volume = 0; volume < image.length; volume++) {
            int cell = java.util.Arrays.mismatch(image[volume], production[volume].cache);
            if (cell >= 0) {
                return "cell " + cell + " of volume " + volume + " has " + describe(production[volume].cache[cell])
                        + " in place of " + describe(image[volume][cell]);
            }
        }
        return "none";
    }

    /** Both sides are equal, and equal to what the guest wrote. */
    void checkEqual() {
        long[][] image = imageOf(writes.size());
        if (!equalsProduction(image)) {
            throw new Violation("the production volumes are not what the guest wrote: " + difference(image));
        }
        for (int volume = 0; volume < production.length; volume++) {
            // a standby volume may be larger than production's
            int size = production[volume].cache.length;
            int cell = java.util.Arrays.mismatch(production[volume].cache, 0, size, standby[volume].cache, 0, size);
            if (cell >= 0) {
                throw new Violation("the sides differ in the end: cell " + cell + " of volume " + volume + " has "
                        + describe(standby[volume].cache[cell]) + " at DR and "
                        + describe(production[volume].cache[cell]) + " at production");
            }
        }
    }

    /** Whether a write that was not answered covers a cell. */
    boolean isUnderWay(int volume, int cell) {
        for (int i = writes.size() - 1; i >= acknowledged(); i--) {
            if (covers(writes.get(i), volume, cell)) {
                return true;
            }
        }
        return false;
    }
}
