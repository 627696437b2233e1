package org.openvrg.writeagent.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.Message;
import org.openvrg.wire.Message.AgentAttach;
import org.openvrg.wire.Message.Apply;
import org.openvrg.wire.Message.CloseVolume;
import org.openvrg.wire.Message.Flush;
import org.openvrg.wire.Message.HashRequest;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.OpenVolume;
import org.openvrg.wire.Message.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the messages of gateways and has them carried out: those of one VM one after the other, hashes beside them. No
 * message but the greeting is heeded before a gateway is accepted. Thread-safe; event loops are never blocked.
 */
final class AgentServer implements LaneListener, AutoCloseable {
    /** A connection that has not greeted by then is closed. */
    static final long HELLO_DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final Logger LOG = LoggerFactory.getLogger(AgentServer.class);
    private static final int MAX_VMS = 4096;
    private static final long SMALL_MESSAGE_BYTES = 4 * 1024;
    private static final long HASH_REQUEST_BYTES = 64 * 1024;
    private static final long PROVIDER_DEADLINE_SECONDS = 10;
    private static final long SHUTDOWN_DEADLINE_SECONDS = 20;

    private final Enrolment enrolment;
    private final StateFolder states;
    private final ProviderRegistry providers;
    private final Executor applyPool;
    private final Executor hashPool;
    private final Map<Lane, Session> sessions = new ConcurrentHashMap<>();
    private final Map<UUID, Vm> vms = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** A VM with the executor that serialises what happens to it. */
    private static final class Vm {
        private final VmVolumes volumes;
        private final SerialExecutor executor;
        private final AtomicInteger attaching = new AtomicInteger();
        private final AtomicBoolean retrying = new AtomicBoolean();

        Vm(VmVolumes volumes, SerialExecutor executor) {
            this.volumes = volumes;
            this.executor = executor;
        }
    }

    /** What is done to the volumes of a VM. */
    private interface VmTask {
        void run(VmVolumes volumes) throws IOException;
    }

    /** Serves on pools of threads, which stay the caller's to end. */
    AgentServer(
            Enrolment enrolment,
            StateFolder states,
            ProviderRegistry providers,
            Executor applyPool,
            Executor hashPool) {
        this.enrolment = enrolment;
        this.states = states;
        this.providers = providers;
        this.applyPool = applyPool;
        this.hashPool = hashPool;
    }

    @Override
    public void opened(Lane lane) {
        sessions.put(lane, new Session(lane));
    }

    @Override
    public void writable(Lane lane) {
        Optional.ofNullable(sessions.get(lane)).ifPresent(Session::update);
    }

    @Override
    public void closed(Lane lane, String reason) {
        Session session = sessions.remove(lane);
        if (session != null && session.accepted()) {
            LOG.info("Gateway at {} is gone: {}", lane.remoteAddress(), reason);
            vms.values().forEach(vm -> vm.executor.execute(() -> vm.volumes.laneClosed(lane)));
        }
    }

    @Override
    public void received(Lane lane, Message message) {
        Session session = sessions.get(lane);
        if (session == null || closed) {
            lane.close("the writeagent stops");
        } else if (!session.accepted()) {
            if (message instanceof Hello hello) {
                greet(session, hello);
            } else {
                lane.close("the first message must be a greeting");
            }
        } else if (message instanceof Message.OfVm ofVm) {
            dispatch(session, ofVm);
        } else {
            lane.close("a writeagent takes no " + message.getClass().getSimpleName() + " now");
        }
    }

    private void greet(Session session, Hello hello) {
        Lane lane = session.lane();
        HelloReply reply = enrolment.judge(lane, hello);
        boolean accepted = reply.verdict() == Verdict.ACCEPTED;
        if (accepted) {
            session.accept();
            LOG.info("Gateway {} at {} is accepted", hello.vrgUuid(), lane.remoteAddress());
        } else {
            LOG.warn("Gateway at {} is refused: {}", lane.remoteAddress(), reply.detail());
        }
        lane.send(reply);
        if (!accepted) {
            lane.close(reply.detail());
        }
    }

    private void dispatch(Session session, Message.OfVm message) {
        Lane lane = session.lane();
        if (message instanceof AgentAttach attach) {
            attach(session, attach);
            return;
        }
        Vm vm = vms.get(message.vmUuid());
        if (vm == null) {
            lane.close("VM " + message.vmUuid() + " is not attached on this connection");
        } else if (message instanceof Apply apply) {
            run(session, vm, message, apply.batch().packedBytes(), volumes -> volumes.apply(lane, apply));
        } else if (message instanceof HashRequest request) {
            hash(session, vm, request);
        } else if (message instanceof Flush flush) {
            run(session, vm, message, SMALL_MESSAGE_BYTES, volumes -> volumes.flush(lane, flush));
        } else if (message instanceof OpenVolume open) {
            run(session, vm, message, SMALL_MESSAGE_BYTES, volumes -> volumes.open(lane, open));
        } else if (message instanceof CloseVolume close) {
            run(session, vm, message, SMALL_MESSAGE_BYTES, volumes -> volumes.close(lane, close));
        } else {
            lane.close("a writeagent takes no " + message.getClass().getSimpleName());
        }
    }

    private void attach(Session session, AgentAttach attach) {
        Lane lane = session.lane();
        if (vms.size() >= MAX_VMS && !vms.containsKey(attach.vmUuid())) {
            lane.close("a writeagent carries at most " + MAX_VMS + " VMs");
            return;
        }
        if (attach.generation() < 1) {
            lane.close("a generation is at least 1, not " + attach.generation());
            return;
        }
        Vm vm;
        try {
            vm = vms.compute(attach.vmUuid(), (uuid, present) -> {
                Vm used = present == null ? make(uuid) : present;
                used.attaching.incrementAndGet();
                return used;
            });
        } catch (UncheckedIOException e) {
            LOG.error("The state of VM {} can't be read", attach.vmUuid(), e);
            lane.close("the state of VM " + attach.vmUuid() + " can't be read");
            return;
        }
        run(session, vm, attach, SMALL_MESSAGE_BYTES, volumes -> {
            try {
                volumes.attach(lane, attach);
                if (!sessions.containsKey(lane)) {
                    volumes.laneClosed(lane);
                }
            } finally {
                vm.attaching.decrementAndGet();
            }
        });
    }

    private Vm make(UUID vmUuid) {
        try {
            return new Vm(new VmVolumes(vmUuid, states, providers), new SerialExecutor(applyPool, vmUuid.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void run(Session session, Vm vm, Message.OfVm message, long bytes, VmTask task) {
        session.queued(message.vmUuid(), bytes);
        vm.executor.execute(() -> {
            try {
                if (!closed) {
                    task.run(vm.volumes);
                }
            } catch (IOException e) {
                LOG.error("The state of the VM can't be kept", e);
                session.lane().close("the writeagent can't keep the state of VM " + message.vmUuid());
            } finally {
                session.done(message.vmUuid(), bytes);
            }
        });
    }

    private void hash(Session session, Vm vm, HashRequest request) {
        Lane lane = session.lane();
        if (!Hasher.isWithinLimits(request)) {
            lane.close("a hash request is out of its limits");
            return;
        }
        session.queued(request.vmUuid(), HASH_REQUEST_BYTES);
        // by way of the VM's executor: what was opened before it is open then; the reading itself is beside it
        vm.executor.execute(() -> hashPool.execute(() -> {
            try {
                Optional<VolumeSlot> slot =
                        vm.volumes.isOwnedBy(lane) ? vm.volumes.slot(request.volume()) : Optional.empty();
                lane.send(Hasher.answer(lane, slot, request));
            } catch (RuntimeException e) {
                LOG.error("A hash request failed", e);
                lane.close("a hash request failed");
            } finally {
                session.done(request.vmUuid(), HASH_REQUEST_BYTES);
            }
        }));
    }

    /** A provider was deployed: what waits for it is opened at once. */
    void providerArrived(String volType, StorageProvider provider) {
        providers.add(volType, provider);
        LOG.info("Storage provider for {} arrived", volType);
        vms.values().forEach(vm -> vm.executor.executeFirst(() -> vm.volumes.providerArrived(volType)));
    }

    /** A provider goes away: returns once its volumes are flushed and closed, or after a deadline. */
    void providerGone(String volType, StorageProvider provider) {
        providers.remove(provider);
        LOG.info("Storage provider for {} is gone", volType);
        onEveryVm(volumes -> volumes.providerGone(provider), PROVIDER_DEADLINE_SECONDS);
    }

    /** To be called every second: tries volumes again, ends connections that do not greet, forgets idle VMs. */
    void tick() {
        for (Session session : sessions.values()) {
            if (!session.accepted() && session.ageNanos() > HELLO_DEADLINE_NANOS) {
                session.lane().close("no greeting came in time");
            }
        }
        for (UUID vmUuid : vms.keySet()) {
            vms.computeIfPresent(vmUuid, (uuid, vm) -> vm.attaching.get() == 0 && vm.volumes.isIdle() ? null : vm);
        }
        vms.values().forEach(vm -> {
            if (!vm.volumes.isIdle() && vm.retrying.compareAndSet(false, true)) {
                vm.executor.execute(() -> {
                    vm.retrying.set(false);
                    vm.volumes.retry();
                });
            }
        });
    }

    /** Closes all connections, then flushes and closes all volumes within a deadline. */
    @Override
    public void close() {
        closed = true;
        sessions.keySet().forEach(lane -> lane.close("the writeagent stops"));
        onEveryVm(VmVolumes::shutDown, SHUTDOWN_DEADLINE_SECONDS);
        vms.clear();
    }

    private void onEveryVm(Consumer<VmVolumes> task, long deadlineSeconds) {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (Vm vm : vms.values()) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            all.add(done);
            vm.executor.executeFirst(() -> {
                try {
                    task.accept(vm.volumes);
                } finally {
                    done.complete(null);
                }
            });
        }
        try {
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(deadlineSeconds, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            LOG.warn("Volumes were not closed within {} s, their storage does not answer", deadlineSeconds);
        } catch (ExecutionException e) {
            throw new IllegalStateException("never completed with a failure", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
