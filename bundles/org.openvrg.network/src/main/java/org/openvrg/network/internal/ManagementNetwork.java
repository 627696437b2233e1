package org.openvrg.network.internal;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.openvrg.network.internal.PendingChange.Phase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The change of the management network that goes back unless a call confirms it. Thread-safe; at most one change is
 * under way.
 *
 * <p>The order of the steps: the change is noted on disk, made, and noted as made; a call at the new address has it noted
 * as confirmed; then the file for the next boot is written, and the note goes. So a restart of this process finds:
 *
 * <table>
 * <caption>What is done with the note that a start finds</caption>
 * <tr><td>note of another boot</td><td>dropped: the machine came up with what its network manager has on file</td></tr>
 * <tr><td>prepared</td><td>back to the old settings</td></tr>
 * <tr><td>made, time left</td><td>waits for the rest of the time</td></tr>
 * <tr><td>made, time over</td><td>back to the old settings</td></tr>
 * <tr><td>confirmed</td><td>the file for the next boot is written</td></tr>
 * </table>
 *
 * <p>Going back, and writing the file, are tried again every {@link #RETRY_MILLIS} until they work.
 */
final class ManagementNetwork implements AutoCloseable {
    /** Time for the answer to leave by the old address. */
    static final long ANSWER_MILLIS = 1000;

    /** Time between two tries of a step that has to come to its end. */
    static final long RETRY_MILLIS = 5000;

    private static final Logger LOG = LoggerFactory.getLogger(ManagementNetwork.class);
    private static final int CLOSE_SECONDS = 15;

    private final Object lock = new Object();
    private final PendingFile file;
    private final BootClock clock;
    private final long confirmMillis;
    private final long answerMillis;
    private final Function<String, IpTool> tools;
    private final Keeper keeper;
    private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "vrg-management-network");
        thread.setDaemon(true);
        return thread;
    });

    private Optional<PendingChange> pending = Optional.empty();
    /** The address whose call confirms; empty text when none is waited for. */
    private volatile String awaited = "";

    /** Writes what is kept for the next boot. */
    @FunctionalInterface
    interface Keeper {
        /** Keeps the settings of an interface; doing so again is fine. */
        void keep(String device, Snapshot target) throws IOException;
    }

    /**
     * Takes up what a former process left.
     *
     * @param confirmMillis how long a change waits for its call
     * @param answerMillis how long after {@link #begin} the change is made
     * @param tools by interface
     */
    ManagementNetwork(
            PendingFile file,
            BootClock clock,
            long confirmMillis,
            long answerMillis,
            Function<String, IpTool> tools,
            Keeper keeper)
            throws IOException {
        this.file = file;
        this.clock = clock;
        this.confirmMillis = confirmMillis;
        this.answerMillis = answerMillis;
        this.tools = tools;
        this.keeper = keeper;
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        executor.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        Optional<PendingChange> left = file.read();
        if (left.isPresent()) {
            takeUp(left.get());
        }
    }

    private void takeUp(PendingChange left) throws IOException {
        synchronized (lock) {
            if (!left.bootId().equals(clock.bootId())) {
                LOG.warn(
                        "the machine was started anew before the change of {} to {} was settled: it is dropped",
                        left.device(),
                        left.ip());
                file.delete();
                return;
            }
            pending = Optional.of(left);
            long remaining = Math.min(left.deadlineMillis() - clock.millis(), confirmMillis);
            if (left.phase() == Phase.CONFIRMED) {
                executor.execute(this::keep);
            } else if (left.phase() == Phase.APPLIED && remaining > 0) {
                LOG.info("the change of {} to {} waits {} ms for a call", left.device(), left.ip(), remaining);
                awaited = left.ip();
                after(remaining, () -> goBack(left));
            } else {
                executor.execute(() -> goBack(left));
            }
        }
    }

    /** Whether a change is under way. */
    boolean busy() {
        synchronized (lock) {
            return pending.isPresent();
        }
    }

    /**
     * Notes a change, and makes it a moment later.
     *
     * @param oldCidr address that the new one replaces; empty text: none
     * @return false, and nothing is done, when another is under way
     * @throws IOException nothing is changed
     */
    boolean begin(String device, String oldCidr, ManagementSettings settings) throws IOException {
        synchronized (lock) {
            if (pending.isPresent()) {
                return false;
            }
            Snapshot before = tools.apply(device).read();
            PendingChange change = new PendingChange(
                    Phase.PREPARED,
                    device,
                    clock.bootId(),
                    0,
                    settings.ipText(),
                    before,
                    IpTool.target(before, oldCidr, settings));
            file.write(change);
            pending = Optional.of(change);
            after(answerMillis, this::make);
            return true;
        }
    }

    /** A call with a live session arrived at an address of this machine. */
    void call(String localAddress) {
        if (localAddress.equals(awaited)) {
            awaited = "";
            executor.execute(this::confirm);
        }
    }

    private void make() {
        synchronized (lock) {
            PendingChange change = pending.orElseThrow();
            // A call at an address that is new counts as soon as it can arrive; it is looked at when this step is done.
            boolean newAddress = !change.before().hasIp(change.ip());
            awaited = newAddress ? change.ip() : "";
            try {
                tools.apply(change.device()).apply(change.before(), change.target());
                PendingChange applied = change.at(Phase.APPLIED, clock.millis() + confirmMillis);
                file.write(applied);
                pending = Optional.of(applied);
            } catch (IOException | RuntimeException e) {
                LOG.error("{} can't be changed to {}: going back", change.device(), change.ip(), e);
                goBack(change);
                return;
            }
            PendingChange made = pending.orElseThrow();
            if (!newAddress) {
                awaited = made.ip();
            }
            after(confirmMillis, () -> goBack(made));
            LOG.info(
                    "{} was changed from {} to {}; it goes back unless a call arrives there within {} ms",
                    change.device(),
                    cidrs(change.before()),
                    cidrs(change.target()),
                    confirmMillis);
        }
    }

    private void confirm() {
        synchronized (lock) {
            Optional<PendingChange> made = pending.filter(change -> change.phase() == Phase.APPLIED);
            if (made.isEmpty()) {
                return; // it went back in that moment
            }
            PendingChange confirmed = made.get().at(Phase.CONFIRMED, 0);
            try {
                file.write(confirmed);
            } catch (IOException e) {
                LOG.error("the confirmation of {} can't be noted; the next call is taken for it", confirmed.ip(), e);
                awaited = confirmed.ip();
                return;
            }
            pending = Optional.of(confirmed);
            LOG.info("the change of {} to {} is confirmed", confirmed.device(), confirmed.ip());
            keep();
        }
    }

    private void keep() {
        synchronized (lock) {
            PendingChange confirmed = pending.orElseThrow();
            try {
                keeper.keep(confirmed.device(), confirmed.target());
                file.delete();
                pending = Optional.empty();
                LOG.info("{} keeps {} for the next boot", confirmed.device(), confirmed.ip());
            } catch (IOException | RuntimeException e) {
                LOG.error("{} at {} can't be kept for the next boot", confirmed.device(), confirmed.ip(), e);
                after(RETRY_MILLIS, this::keep);
            }
        }
    }

    /** Goes back from a change, unless it was confirmed, or another one has taken its place. */
    private void goBack(PendingChange change) {
        synchronized (lock) {
            if (pending.filter(change::equals).isEmpty()) {
                return;
            }
            awaited = "";
            try {
                tools.apply(change.device()).restore(change.before(), change.target());
                file.delete();
                pending = Optional.empty();
                LOG.info("{} is back at {}", change.device(), cidrs(change.before()));
            } catch (IOException | RuntimeException e) {
                LOG.error("{} can't go back to {} yet", change.device(), cidrs(change.before()), e);
                after(RETRY_MILLIS, () -> goBack(change));
            }
        }
    }

    /** Once this object is closed, nothing is done any more. */
    private void after(long millis, Runnable step) {
        ScheduledFuture<?> unused = executor.schedule(step, millis, TimeUnit.MILLISECONDS);
    }

    private static List<String> cidrs(Snapshot snapshot) {
        return snapshot.addresses().stream().map(Snapshot.Address::cidr).toList();
    }

    /** Ends the threads; a step that runs comes to its end, what is noted is taken up at the next start. */
    @Override
    public void close() {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("a change of the management network did not come to its end within {} s", CLOSE_SECONDS);
                executor.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            executor.shutdownNow();
        }
    }
}
