package org.openvrg.itests.faults;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Chance;
import org.openvrg.itests.Pair;

/** What a guest sees while processes and links break: nothing but time. */
class GuestViewTest {
    private static final Duration SHORT = Duration.ofSeconds(2);
    /** Longer than a silent peer is waited for. */
    private static final Duration LONG = Duration.ofSeconds(5);

    private final Chance chance = new Chance("GuestViewTest");

    @Test
    void noErrorWhateverBreaksBehindTheExport() throws IOException, InterruptedException, StorageException {
        GuestView view = new GuestView("guest view of processes and links");
        try (Pair pair = new Pair("guest-view").start();
                Protected vm = new Protected(pair, chance.number())) {
            vm.under("nothing, for comparison", SHORT, () -> {}, () -> {}, view);
            vm.under("link cut", SHORT, pair::cutLink, pair::restoreLink, view);
            vm.under(
                    "link stalled",
                    LONG,
                    () -> {
                        pair.linkToDr().stall();
                        pair.linkToProduction().stall();
                    },
                    pair::restoreLink,
                    view);
            vm.under(
                    "connections left half-open",
                    LONG,
                    () -> {
                        pair.linkToDr().abandon();
                        pair.linkToProduction().abandon();
                    },
                    pair::restoreLink,
                    view);
            vm.under(
                    "300 ms of delay each way",
                    SHORT,
                    () -> pair.linkToDr().delay(Duration.ofMillis(300)),
                    pair::restoreLink,
                    view);
            vm.under(
                    "a third of the bandwidth that is needed",
                    LONG,
                    () -> pair.linkToDr().limit(Protected.MIB),
                    pair::restoreLink,
                    view);
            vm.under("100 bytes lost on the way", SHORT, () -> pair.linkToDr().lose(100), pair::restoreLink, view);
            vm.under("writeagent unreachable", SHORT, pair.agent()::cut, pair.agent()::restore, view);
            vm.under("writeagent stalled", LONG, pair.agent()::stall, pair.agent()::restore, view);
            vm.under("DR stopped by SIGSTOP", LONG, pair.dr()::pause, pair.dr()::resume, view);
            vm.under("DR killed", SHORT, pair.dr()::kill, pair.dr()::start, view);
            vm.under("production stopped by SIGSTOP for 2 s", SHORT, () -> stopped(pair), () -> {}, view);
            productionKilled(pair, vm, view);
        } finally {
            view.tell();
        }
    }

    private static void stopped(Pair pair) throws IOException, InterruptedException {
        pair.production().pause();
        org.openvrg.itests.Await.pass(Duration.ofSeconds(2));
        pair.production().resume();
    }

    private static void productionKilled(Pair pair, Protected vm, GuestView view)
            throws IOException, InterruptedException, StorageException {
        vm.load().takeSlowestMillis();
        long begin = System.nanoTime();
        pair.production().kill();
        vm.load().awaitBroken();
        pair.production().start();
        vm.awaitExports();
        long away = Duration.ofNanos(System.nanoTime() - begin).toMillis();
        vm.load().assertAnsweredIsThere("production killed");
        vm.load().start();
        vm.load().awaitMore(50);
        assertNotEquals(3, vm.state(), () -> pair.describe(vm.vm()));
        int state = vm.state();
        long healed = System.nanoTime();
        vm.equal("production killed");
        view.note(
                "production killed; the guest reconnected after " + away + " ms and went on where it was",
                0,
                vm.load().takeSlowestMillis(),
                state,
                vm.resyncBytes(),
                Duration.ofNanos(System.nanoTime() - healed).toMillis());
        vm.load().assertAnsweredIsThere("at the end");
    }
}
