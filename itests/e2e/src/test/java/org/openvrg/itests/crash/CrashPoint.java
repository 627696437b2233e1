package org.openvrg.itests.crash;

/**
 * Places in the code of an appliance at which it is killed: always the entry of a method, so that all before it is done
 * and nothing of it.
 */
enum CrashPoint {
    /** A write came, and its extent is about to be noted as hot. */
    EXTENT_NOT_YET_HOT(Side.PRODUCTION, Phase.WRITING, 1, "org.openvrg.journal.ActivityLog", "makeStable"),
    /** A write came; it has its sequence and is not in the journal. */
    NOT_YET_IN_JOURNAL(Side.PRODUCTION, Phase.WRITING, 100, "org.openvrg.journal.Segment", "append"),
    /** A write is in the journal, not in the volume. */
    NOT_YET_IN_VOLUME(Side.PRODUCTION, Phase.WRITING, 100, production("Ingest"), "writeVolume"),
    /** A write is in journal and volume, and not answered. */
    NOT_YET_ANSWERED(Side.PRODUCTION, Phase.WRITING, 100, production("Ingest"), "answer"),
    /** Records were read from the journal and are about to go to the DR side. */
    NOT_YET_SENT(Side.PRODUCTION, Phase.WRITING, 20, production("StreamSender"), "next"),
    /** The file of a new segment was made, and has no header. */
    SEGMENT_WITHOUT_HEADER(Side.PRODUCTION, Phase.WRITING, 2, "org.openvrg.journal.Segment", "writeHeader"),
    /** What the DR side has is about to be deleted from the journal. */
    SEGMENT_NOT_YET_DELETED(Side.PRODUCTION, Phase.WRITING, 2, "org.openvrg.journal.Segment", "delete"),

    /** The journal was recovered at a start, the volumes not. */
    NOT_YET_REDONE(Side.PRODUCTION, Phase.STARTING, 1, production("VmRecovery"), "redo"),
    /** All was recovered at a start, and it is not noted. */
    RECOVERY_NOT_YET_NOTED(Side.PRODUCTION, Phase.STARTING, 1, production("ModeFile"), "recovered"),

    /** Out of changed-block tracking: the journal of the old epoch is empty, the new one not begun. */
    EPOCH_NOT_YET_BEGUN(Side.PRODUCTION, Phase.RESYNC, 1, "org.openvrg.journal.Journal", "beginEpoch"),
    /** The epoch has begun in the journal, and it is not noted that writes are captured. */
    CAPTURE_NOT_YET_NOTED(Side.PRODUCTION, Phase.RESYNC, 1, production("ModeFile"), "noteCaptureStarted"),
    /** Blocks of the resync are about to be sent. */
    BLOCKS_NOT_YET_SENT(Side.PRODUCTION, Phase.RESYNC, 8, production("ResyncCopier"), "addRanges"),
    /** Blocks of the resync are durable at the DR side, and still marked. */
    BLOCKS_NOT_YET_CLEAN(Side.PRODUCTION, Phase.RESYNC, 8, "org.openvrg.journal.DirtyBitmap", "clear"),

    /** Records came, and are not in the DR journal. */
    NOT_YET_IN_DR_JOURNAL(Side.DR, Phase.WRITING, 40, standby("StandbyJournal"), "take"),
    /** Records are in the DR journal, which is not synced. */
    DR_JOURNAL_NOT_YET_SYNCED(Side.DR, Phase.WRITING, 20, standby("StandbyJournal"), "sync"),
    /** The DR journal is synced, and production was not told. */
    NOT_YET_TOLD_DURABLE(Side.DR, Phase.WRITING, 20, standby("StandbyPeer"), "tellDurable"),
    /** The writeagent has entries, and the volumes have not. */
    NOT_YET_APPLIED(Side.DR, Phase.WRITING, 40, agent("VmVolumes"), "carryOut"),
    /** An entry is in its volume, and it is not noted. */
    APPLIED_NOT_YET_NOTED(Side.DR, Phase.WRITING, 40, agent("StateFile"), "setApplied"),
    /** The volumes were flushed, and it is not noted. */
    FLUSHED_NOT_YET_NOTED(Side.DR, Phase.WRITING, 2, agent("StateFile"), "setFlushed"),
    /** What stands on the volumes is about to be deleted from the DR journal. */
    DR_SEGMENT_NOT_YET_DELETED(Side.DR, Phase.WRITING, 2, "org.openvrg.journal.Segment", "delete"),

    /** The begin of a resync came, and the copy is not yet held back. */
    NOT_YET_HELD_BACK(Side.DR, Phase.RESYNC, 1, standby("StandbyState"), "begin"),
    /** Blocks of a resync came, and are not in the DR journal. */
    BLOCKS_NOT_YET_IN_DR_JOURNAL(Side.DR, Phase.RESYNC, 4, standby("StandbyJournal"), "takeBlocks"),
    /** The end of a resync came, and the copy is not yet let go. */
    NOT_YET_LET_GO(Side.DR, Phase.RESYNC, 1, standby("StandbyState"), "end"),
    /** The state of the DR side changed, and is not stored. */
    STATE_NOT_YET_STORED(Side.DR, Phase.RESYNC, 2, standby("StandbyState"), "store"),
    /** The DR journal is about to be recovered at a start. */
    DR_JOURNAL_NOT_YET_RECOVERED(Side.DR, Phase.STARTING, 1, "org.openvrg.journal.Recovery", "scan");

    /** Which appliance is killed. */
    enum Side {
        /** The gateway of the production site. */
        PRODUCTION,
        /** The gateway of the DR site, with its writeagent. */
        DR
    }

    /** What is going on when it is killed. */
    enum Phase {
        /** A client writes, both sides are in step. */
        WRITING,
        /** A client writes, the VM has just left changed-block tracking. */
        RESYNC,
        /** The appliance starts after it was killed in the midst of writes. */
        STARTING
    }

    private final Side side;
    private final Phase phase;
    private final int visits;
    private final String className;
    private final String method;

    CrashPoint(Side side, Phase phase, int visits, String className, String method) {
        this.side = side;
        this.phase = phase;
        this.visits = visits;
        this.className = className;
        this.method = method;
    }

    private static String production(String name) {
        return "org.openvrg.replication.internal.production." + name;
    }

    private static String standby(String name) {
        return "org.openvrg.replication.internal.standby." + name;
    }

    private static String agent(String name) {
        return "org.openvrg.writeagent.internal." + name;
    }

    /** Which appliance is killed. */
    Side side() {
        return side;
    }

    /** What is going on. */
    Phase phase() {
        return phase;
    }

    /** At which visit of the place at most, counted from 1. */
    int visits() {
        return visits;
    }

    /** Name of the class. */
    String className() {
        return className;
    }

    /** Name of the method; all of that name. */
    String method() {
        return method;
    }
}
