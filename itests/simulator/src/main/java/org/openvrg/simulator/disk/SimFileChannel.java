package org.openvrg.simulator.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** An open file of a {@link Disk}. Every access is told to the {@link Machine}, which may end the process within it. */
final class SimFileChannel extends FileChannel {
    private final Disk disk;
    private final Node node;
    private final String file;
    private final Machine machine;
    private long position;
    private boolean locked;

    SimFileChannel(Disk disk, Node node, String file, Machine machine) {
        this.disk = disk;
        this.node = node;
        this.file = file;
        this.machine = machine;
    }

    private boolean before(Machine.Access access) throws IOException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
        return machine.before(access, file);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        int count = read(target, position);
        position += Math.max(0, count);
        return count;
    }

    @Override
    public int read(ByteBuffer target, long at) throws IOException {
        if (before(Machine.Access.READ)) {
            machine.die();
        }
        return node.read(at, target);
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) {
        throw new UnsupportedOperationException("nobody scatters");
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = write(source, position);
        position += count;
        return count;
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        int bytes = 0;
        for (int i = offset; i < offset + length; i++) {
            bytes += sources[i].remaining();
        }
        ByteBuffer all = ByteBuffer.allocate(bytes);
        for (int i = offset; i < offset + length; i++) {
            all.put(sources[i]);
        }
        return write(all.flip());
    }

    @Override
    public int write(ByteBuffer source, long at) throws IOException {
        boolean dying = before(Machine.Access.WRITE);
        disk.checkSpace(at + source.remaining() - node.sizeBytes());
        if (dying) {
            // a part stands there, as after a kill between two pages
            ByteBuffer part = source.duplicate();
            node.write(at, part.limit(part.position() + part.remaining() / 2));
            machine.die();
        }
        return node.write(at, source);
    }

    @Override
    public void force(boolean metadata) throws IOException {
        if (before(Machine.Access.SYNC)) {
            machine.die();
        }
        if (node.isDirectory()) {
            disk.syncNames(file);
        } else {
            node.sync();
        }
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public FileChannel position(long newPosition) {
        position = newPosition;
        return this;
    }

    @Override
    public long size() {
        return node.sizeBytes();
    }

    @Override
    public FileChannel truncate(long size) throws IOException {
        if (before(Machine.Access.WRITE)) {
            machine.die();
        }
        node.truncate(size);
        position = Math.min(position, size);
        return this;
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long at, long length) {
        return node.map(at, Math.toIntExact(length));
    }

    @Override
    public FileLock tryLock(long at, long size, boolean shared) {
        if (!node.lock(machine)) {
            return null;
        }
        locked = true;
        return new FileLock(this, at, size, shared) {
            @Override
            public boolean isValid() {
                return isOpen();
            }

            @Override
            public void release() {
                node.unlock(machine);
            }
        };
    }

    @Override
    public FileLock lock(long at, long size, boolean shared) {
        throw new UnsupportedOperationException("nobody waits for a lock");
    }

    @Override
    public long transferTo(long at, long count, WritableByteChannel target) {
        throw new UnsupportedOperationException("nobody transfers");
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long at, long count) {
        throw new UnsupportedOperationException("nobody transfers");
    }

    @Override
    protected void implCloseChannel() {
        if (locked) {
            node.unlock(machine);
        }
    }
}
