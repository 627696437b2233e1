package org.openvrg.replication.internal.production;

import java.util.List;
import java.util.UUID;
import org.openvrg.replication.internal.machine.Event;
import org.openvrg.replication.internal.machine.ProductionMachine;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The production side's end of the attachment to the DR side: offers the VM, and hands on what the DR side tells of it.
 * Confined to the VM's actor, but for {@link #detail}.
 */
final class ProductionPeer {
    private static final Logger LOG = LoggerFactory.getLogger(ProductionPeer.class);

    /** What it needs of its VM. */
    interface Host {
        /** Something happened that the state machine has to know. */
        void dispatch(Event event);

        /** Whether the VM may be offered now. */
        boolean mayAttach();

        /** Whether the VM's lane has to be encrypted. */
        boolean encrypted();
    }

    private final UUID vmUuid;
    private final VmFiles files;
    private final ProductionMachine machine;
    private final Attachment attachment;
    private final PeerProgress progress;
    private final ResyncCopier copier;
    private final Scrubber scrubber;
    private final Host host;
    private volatile String detail = "waiting for the peer";

    ProductionPeer(
            UUID vmUuid,
            VmFiles files,
            ProductionMachine machine,
            Attachment attachment,
            PeerProgress progress,
            ResyncCopier copier,
            Scrubber scrubber,
            Host host) {
        this.vmUuid = vmUuid;
        this.files = files;
        this.machine = machine;
        this.attachment = attachment;
        this.progress = progress;
        this.copier = copier;
        this.scrubber = scrubber;
        this.host = host;
    }

    /** What is done or waited for, for people; any thread. */
    String detail() {
        return detail;
    }

    /** What the VM does now, for people. */
    void detail(String text) {
        detail = text;
    }

    /** Takes the lane that the link has now, and offers the VM on it when the time has come. */
    void connect() {
        if (!host.mayAttach()) {
            return;
        }
        if (attachment.choose(host.encrypted())) {
            host.dispatch(new Event.PeerLost());
        }
        attachment.wantsOffer().ifPresent(lane -> {
            attachment.offered();
            lane.send(offer());
        });
    }

    private Message offer() {
        List<Message.VolumeInfo> volumes = files.volumes().stream()
                .map(volume -> new Message.VolumeInfo(volume.id, volume.sizeBytes()))
                .toList();
        return new Message.Attach(
                vmUuid,
                machine.epoch(),
                files.firstSequence(),
                files.journal().lastSequence(),
                machine.currentResync(),
                machine.state(),
                volumes);
    }

    /** Lets the lane go in order, so that another one can be taken. */
    void leaveLane() {
        if (attachment.move()) {
            host.dispatch(new Event.PeerLost());
        }
    }

    /** A lane ended. */
    void laneClosed(Lane gone) {
        if (attachment.isOn(gone)) {
            detail = "the link is down";
            attachment.leave();
            host.dispatch(new Event.PeerLost());
        }
    }

    /** A message about this VM; one from another lane is left over and not heeded. Returns whether it was heeded. */
    boolean received(Lane from, Message.OfVm message) {
        if (!attachment.isOn(from)) {
            return false;
        }
        if (message instanceof Message.Position position) {
            onPosition(position);
        } else if (message instanceof Message.Durable durable) {
            progress.told(durable);
            host.dispatch(new Event.Durable(durable.durableSequence()));
            copier.framesDurable(durable.resyncId(), durable.resyncDurableFrames());
            scrubber.advance();
        } else if (message instanceof Message.ResyncReady ready) {
            host.dispatch(new Event.ResyncReady(ready.resyncId()));
        } else if (message instanceof Message.ResyncDemand demand) {
            host.dispatch(new Event.FullCheckNeeded("the DR side asks for it: " + demand.reason()));
        } else if (message instanceof Message.HashReply reply) {
            copier.hashReply(reply);
            scrubber.hashReply(reply);
        } else if (message instanceof Message.Detach detach) {
            detail = "the DR side let go: " + detach.reason();
            attachment.refused();
            host.dispatch(new Event.PeerLost());
        } else {
            LOG.warn("The peer sent an unexpected {}", message.getClass().getSimpleName());
            attachment.close("unexpected message");
        }
        return true;
    }

    private void onPosition(Message.Position position) {
        if (position.status() != Message.PositionStatus.OK) {
            detail = "the DR side is not ready: " + position.detail();
            boolean had = attachment.attached();
            attachment.refused();
            if (had) {
                host.dispatch(new Event.PeerLost());
            }
            return;
        }
        attachment.accepted();
        progress.told(position);
        detail = "attached";
        host.dispatch(new Event.PeerReady(
                position.epoch(), position.durableSequence(), position.resyncId(), position.resyncReady()));
    }
}
