package org.openvrg.writeagent.internal;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.service.Identity;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;
import org.openvrg.fuzz.MemoryFolder;
import org.openvrg.fuzz.RecordingLane;
import org.openvrg.wire.HostileMessages;
import org.openvrg.wire.Message;

/**
 * A writeagent under any sequence of messages of enrolled and not enrolled gateways on two connections. Nothing is
 * thrown, a stranger gets nothing, only the owner of a generation writes, and what is told as applied or flushed is
 * what the state file says.
 */
public final class AgentFuzz {
    private static final MemoryFolder FOLDER = MemoryFolder.make();
    private static final long HEAP_BYTES = 64L << 20;
    private static final int DISK_BYTES = 65_536;
    private static final int MOST_MESSAGES = 64;

    private AgentFuzz() {}

    private record Agent(UUID vrgUuid, String fingerprint) implements Identity {
        @Override
        public X509Certificate certificate() {
            throw new UnsupportedOperationException("no certificate is asked for");
        }

        @Override
        public PrivateKey privateKey() {
            throw new UnsupportedOperationException("no key is asked for");
        }
    }

    /** Storage in memory that notes who owns a disk, and that its ranges are checked nowhere else. */
    private static final class Storage implements StorageProvider {
        private final Map<String, Ownership> owners = new HashMap<>();
        private final Set<String> open = new java.util.HashSet<>();

        @Override
        public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
            String url = spec.volumeUrl();
            Ownership present = owners.get(url);
            if (!url.startsWith("disk")) {
                throw new StorageException(StorageException.Kind.PATH_WRONG, "no such disk");
            }
            if (open.contains(url) || (present != null && !owner.mayReplace(present))) {
                throw new StorageException(StorageException.Kind.OWNED_BY_OTHER, "owned by " + present);
            }
            owners.put(url, owner);
            open.add(url);
            return new Volume(this, url, present == null);
        }
    }

    private static final class Volume implements StorageVolume {
        private final Storage storage;
        private final String url;
        private final boolean newlyOwned;
        private boolean closed;

        Volume(Storage storage, String url, boolean newlyOwned) {
            this.storage = storage;
            this.url = url;
            this.newlyOwned = newlyOwned;
        }

        @Override
        public boolean newlyOwned() {
            return newlyOwned;
        }

        private void check(long offsetBytes, long lengthBytes) throws StorageException {
            Check.that(!closed, "a closed volume is used");
            if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes > DISK_BYTES - lengthBytes) {
                throw new StorageException(StorageException.Kind.OUT_OF_RANGE, "out of range");
            }
        }

        @Override
        public long sizeBytes() {
            return DISK_BYTES;
        }

        @Override
        public void read(long offsetBytes, ByteBuffer target) throws StorageException {
            check(offsetBytes, target.remaining());
            target.position(target.limit());
        }

        @Override
        public void write(long offsetBytes, ByteBuffer source) throws StorageException {
            check(offsetBytes, source.remaining());
            source.position(source.limit());
        }

        @Override
        public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
            check(offsetBytes, lengthBytes);
        }

        @Override
        public void flush() throws StorageException {
            check(0, 0);
        }

        @Override
        public List<BlockExtent> extents(long offsetBytes, long lengthBytes) {
            return List.of(BlockExtent.data(lengthBytes));
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                storage.open.remove(url);
            }
        }

        @Override
        public void release() throws StorageException {
            flush();
            close();
            storage.owners.remove(url);
        }
    }

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(HEAP_BYTES, () -> run(FOLDER.emptied(), new Input(data)));
    }

    private static void run(Path folder, Input input) throws Exception {
        Storage storage = new Storage();
        List<RuntimeException> thrown = new ArrayList<>();
        java.util.concurrent.Executor direct = task -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                thrown.add(e);
            }
        };
        Set<String> trusted = input.flag() ? Set.of() : Set.of("trusted");
        try (StateFolder states = new StateFolder(folder, new StateFile.Lives(new UUID(3, 4), new UUID(5, 6)))) {
            Enrolment enrolment = new Enrolment(new Agent(new UUID(9, 9), "agent"), trusted, Optional.empty());
            AgentServer server = new AgentServer(enrolment, states, new ProviderRegistry(), direct, direct);
            server.providerArrived("MEMORY", storage);
            talk(server, input, trusted.isEmpty());
            server.tick();
            server.close();
        }
        Check.that(storage.open.isEmpty(), "volumes stay open: " + storage.open);
        Check.that(thrown.isEmpty(), "a task throws " + thrown);
    }

    private static void talk(AgentServer server, Input input, boolean strangers) {
        RecordingLane[] lanes = {new RecordingLane(), new RecordingLane()};
        boolean[] told = new boolean[2];
        HostileMessages messages = new HostileMessages(input);
        for (RecordingLane lane : lanes) {
            server.opened(lane);
        }
        if (input.below(8) != 7) {
            for (RecordingLane lane : lanes) {
                server.received(lane, new Message.Hello(1, 0, new UUID(0, 1), "", 0, new byte[0]));
                check(lane, strangers);
            }
        }
        int most = MOST_MESSAGES;
        while (!input.isEmpty() && most-- > 0) {
            int which = input.unsignedByte() % 7 == 6 ? 1 : 0;
            Optional<Message> message = messages.next();
            if (message.isPresent() && lanes[which].isOpen()) {
                server.received(lanes[which], message.get());
            }
            for (int i = 0; i < lanes.length; i++) {
                check(lanes[i], strangers);
                if (!lanes[i].isOpen() && !told[i]) {
                    server.closed(lanes[i], "closed");
                    told[i] = true;
                }
            }
            if (input.below(16) == 15) {
                server.tick();
            }
        }
        for (RecordingLane lane : lanes) {
            server.closed(lane, "the end");
        }
    }

    private static void check(RecordingLane lane, boolean stranger) {
        for (Message answer : lane.taken()) {
            if (answer instanceof Message.HelloReply reply) {
                Check.equal(!stranger, reply.verdict() == Message.Verdict.ACCEPTED, "a greeting is accepted");
            } else {
                Check.that(!stranger, "a stranger is answered with " + answer);
            }
            if (answer instanceof Message.AgentPosition position) {
                Check.that(
                        position.flushedIndex() >= 0 && position.appliedIndex() >= position.flushedIndex(),
                        "a position that can not be: " + position);
            }
            if (answer instanceof Message.Applied applied) {
                Check.that(applied.index() >= 0, "an index that can not be: " + applied);
            }
        }
    }
}
