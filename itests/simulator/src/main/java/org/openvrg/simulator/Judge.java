package org.openvrg.simulator;

import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.api.service.AlarmService;
import org.openvrg.journal.Journal;
import org.openvrg.replication.internal.engine.SimulatedGateway;
import org.openvrg.replication.internal.production.ProductionView;
import org.openvrg.replication.internal.standby.StandbyView;
import org.openvrg.wire.Message;

/** Holds the product to its promises after every event. */
final class Judge implements World.Watcher {
    private static final long MOST_QUEUED_BYTES = 16L * 1024 * 1024 + 2 * 1024 * 1024;
    private static final long MOST_IN_FLIGHT_BYTES = 8L * 1024 * 1024 + 2 * 1024 * 1024;
    private static final int MOST_FRAMES = 64;
    private static final int SEGMENT_HEADER_BYTES = 64;
    private static final int EVENTS_BETWEEN_LOOKS = 500;

    private final World world;
    private final Guest guest;
    private Optional<Crash> crash = Optional.empty();
    private OptionalLong redoUntil = OptionalLong.empty();
    private Optional<StandbyView> standby = Optional.empty();
    private Optional<ProductionView> production = Optional.empty();
    private boolean damaged;
    private boolean damagedHere;
    private boolean claimed;
    private long redoGeneration;
    private OptionalLong lostGeneration = OptionalLong.empty();
    private OptionalLong seenGeneration = OptionalLong.empty();
    private boolean startedAnew;
    /** Whether the agent has not told yet what the volumes are that a new generation found. */
    private boolean inDoubt;

    private int events;
    private long told;

    /** How production ended last. */
    private record Crash(boolean captured, boolean powerLoss, boolean modeLost) {}

    Judge(World world, Guest guest) {
        this.world = world;
        this.guest = guest;
    }

    /** From now on journals may lack what they had. */
    void damaged(Host host) {
        damaged = true;
        damagedHere |= host == world.production;
    }

    /** A standby volume was lost: a copy that there was is none until the DR side has taken a new generation. */
    void volumeLost() {
        boolean copy = standby.map(view -> view.consistent() || view.nearlyConsistent())
                .orElse(false);
        lostGeneration = OptionalLong.of(copy ? standby.orElseThrow().generation() : lostGeneration.orElse(-1));
    }

    @Override
    public void died(Host host, SimProcess process, boolean withMachine) {
        if (host == world.production) {
            boolean captured =
                    world.judge(() -> production.map(ProductionView::capturing).orElse(false));
            boolean powerLoss = withMachine || crash.map(Crash::powerLoss).orElse(false);
            boolean modeLost =
                    world.judge(() -> production.map(ProductionView::modeLost).orElse(false));
            crash = Optional.of(new Crash(captured && crash.isEmpty(), powerLoss, modeLost));
            guest.disconnected();
        } else if (host == world.agentHost) {
            // entries beyond the flushed ones may be gone, and one may stand in part, until they were written again
            OptionalLong applied = world.agentApplied();
            long until = Math.max(applied.orElse(0) + 1, redoUntil.orElse(0));
            redoUntil = OptionalLong.of(until);
            redoGeneration = standby.map(StandbyView::generation).orElse(0L);
            world.sim.trace(() -> "the writeagent has to write again up to " + until);
        }
    }

    @Override
    public void productionStarts() {
        production = Optional.empty();
    }

    @Override
    public void arrived(Message.OfVm message) {
        if (message instanceof Message.Durable durable) {
            told = Math.max(told, durable.durableSequence());
        }
    }

    /** The standby volumes took an entry: at every instant they are a prefix. */
    void afterEvent() {
        events++;
        lookAtProduction();
        lookAtStandby();
        if (events % EVENTS_BETWEEN_LOOKS == 0) {
            world.judge(() -> {
                checkBounds();
                checkCovered();
                return true;
            });
        }
    }

    private void lookAtProduction() {
        Optional<SimulatedGateway> gateway = world.productionGateway();
        if (gateway.isEmpty()) {
            return; // what it was when it ended is needed once it stands again
        }
        production = gateway.get().production();
        if (crash.isPresent()
                && gateway.get().export(world.volumes.get(0).value()).isPresent()) {
            Crash was = crash.get();
            crash = Optional.empty();
            if (was.powerLoss && (damagedHere || was.modeLost)) {
                // two faults at once: what was flushed stood in the damaged journal alone, or a disk that took nothing
                // more could not be told that the journal is passed by
                world.history.settle(true);
            } else if (was.powerLoss) {
                world.history.checkAfterPowerLoss();
            } else if (production.isEmpty()) {
                world.history.checkWithoutJournal();
            } else {
                world.history.checkAfterKill(was.captured && !damagedHere);
            }
        }
    }

    private void lookAtStandby() {
        world.standbyGateway().flatMap(SimulatedGateway::standby).ifPresent(view -> {
            boolean another = standby.isEmpty() || standby.get().identity() != view.identity();
            standby = Optional.of(view);
            if (another && !damaged && view.journal().lastSequence() < told) {
                throw new Violation("the DR side told that it is durable up to " + told + ", and has only "
                        + view.journal().lastSequence());
            }
        });
        if (standby.isEmpty()) {
            return;
        }
        if (redoUntil.isPresent()) {
            OptionalLong applied = world.agentApplied();
            boolean redone = world.agentHost.process().isPresent()
                    && applied.isPresent()
                    && applied.getAsLong()
                            >= Math.min(
                                    redoUntil.getAsLong(),
                                    standby.get().journal().lastIndex());
            if (redone) {
                long until = redoUntil.getAsLong();
                world.sim.trace(() -> "the writeagent has written again up to " + applied + " of " + until
                        + ", DR journal " + standby.get().journal().firstIndex() + ".."
                        + standby.get().journal().lastIndex() + ", consistent "
                        + standby.get().consistent());
                redoUntil = OptionalLong.empty();
            }
        }
        if (redoUntil.isPresent() && standby.get().generation() != redoGeneration) {
            // the DR journal was given up where the volumes needed it: nothing is written again
            redoUntil = OptionalLong.empty();
            inDoubt = true;
        }
        inDoubt &= standby.get().consistent() && !standby.get().agentReady();
        if (lostGeneration.isPresent()
                && standby.get().generation() > lostGeneration.getAsLong()
                && standby.get().consistent()) {
            lostGeneration = OptionalLong.empty();
        }
        long generation = standby.get().generation();
        startedAnew |= seenGeneration.isPresent() && seenGeneration.getAsLong() != generation;
        startedAnew &= !standby.get().consistent();
        seenGeneration = OptionalLong.of(generation);
        boolean agentStands = world.agentHost.process().isPresent();
        claimed = standby.get().consistent()
                && redoUntil.isEmpty()
                && !inDoubt
                && agentStands
                && lostGeneration.isEmpty();
        if (claimed) {
            world.history.checkPrefix();
        }
    }

    private void checkBounds() {
        standby.ifPresent(view -> {
            atMost("bytes that wait for the DR side's actor", view.queuedBytes(), MOST_QUEUED_BYTES);
            atMost("bytes under way to the writeagent", view.inFlightBytes(), MOST_IN_FLIGHT_BYTES);
            checkJournal(view.journal());
        });
        production.ifPresent(view -> {
            atMost("writes in the ingest", view.queuedWrites(), 64);
            atMost("frames of blocks under way", view.framesUnderWay(), MOST_FRAMES);
            checkJournal(view.journal());
        });
    }

    private static void checkJournal(Journal journal) {
        atMost("bytes of a journal", journal.usedBytes(), journal.limitBytes() + 4 * SEGMENT_HEADER_BYTES);
    }

    private static void atMost(String what, long is, long most) {
        if (is > most) {
            throw new Violation(what + ": " + is + ", at most " + most);
        }
    }

    /** What is acknowledged and not at the DR side stands in a journal or is marked. */
    private void checkCovered() {
        boolean stands = world.production.process().isPresent() && crash.isEmpty();
        boolean standbyStands =
                world.standbyGateway().flatMap(SimulatedGateway::standby).isPresent();
        if (!stands
                || !standbyStands
                || damaged
                || startedAnew
                || lostGeneration.isPresent()
                || production.isEmpty()
                || standby.isEmpty()) {
            return;
        }
        Set<Place> journalled = new HashSet<>();
        note(production.get().journal(), journalled);
        note(standby.get().journal(), journalled);
        for (int volume = 0; volume < world.volumes.size(); volume++) {
            long[] here = world.productionCells[volume].cache;
            long[] there = world.standbyCells[volume].cache;
            for (int cell = 0; cell < here.length; cell++) {
                if (here[cell] != there[cell]
                        && !journalled.contains(
                                new Place(world.volumes.get(volume).key(), cell, here[cell]))
                        && !isMarked(volume, cell)
                        && !world.history.isUnderWay(volume, cell)) {
                    throw new Violation("an acknowledged write is nowhere: cell " + cell + " of volume " + volume
                            + " has " + History.describe(here[cell]) + " at production and "
                            + History.describe(there[cell]) + " at DR");
                }
            }
        }
    }

    private boolean isMarked(int volume, int cell) {
        return production.get().isDirty(world.volumes.get(volume), (long) cell * Cells.CELL_BYTES);
    }

    private record Place(VolumeKey volume, int cell, long value) {}

    private static void note(Journal journal, Set<Place> places) {
        try (Journal.Cursor cursor = journal.cursor(journal.firstIndex())) {
            Optional<Journal.Entry> entry = cursor.next();
            while (entry.isPresent()) {
                note(entry.get().record(), places);
                entry = cursor.next();
            }
        } catch (JournalException e) {
            throw new Violation("a journal that nobody damaged can't be read: " + e.getMessage(), e);
        }
    }

    private static void note(StreamRecord record, Set<Place> places) {
        if (!record.type().isData()) {
            return;
        }
        int first = Cells.cellAt(record.offsetBytes());
        for (int i = 0; i < Cells.cellAt(record.lengthBytes()); i++) {
            long value = record.type().carriesBytes()
                    ? record.payload().getLong(record.payload().position() + i * Cells.CELL_BYTES)
                    : 0;
            places.add(new Place(record.volume(), first + i, value));
        }
    }

    /** Whether the standby volumes counted as consistent at the last look. */
    boolean claimed() {
        return claimed;
    }

    /** Whether the copy was given up, of which the operator must know. */
    boolean withoutCopy() {
        return world.alarms.isRaised(AlarmService.Kind.NO_CONSISTENT_COPY);
    }
}
