package org.openvrg.simulator.disk;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What {@code java.nio.file} asks of a file system, on a {@link Disk}. */
final class SimProvider extends FileSystemProvider {
    private final Disk disk;
    private final Machine machine;

    SimProvider(Disk disk, Machine machine) {
        this.disk = disk;
        this.machine = machine;
    }

    private static String text(Path path) {
        return path.toAbsolutePath().toString();
    }

    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        String file = text(path);
        boolean writes = options.contains(StandardOpenOption.WRITE) || options.contains(StandardOpenOption.APPEND);
        boolean fresh = options.contains(StandardOpenOption.CREATE_NEW);
        if (writes && (fresh || options.contains(StandardOpenOption.CREATE))) {
            boolean present = disk.find(file).isPresent();
            if (present && fresh) {
                throw new FileAlreadyExistsException(file);
            }
            if (!present) {
                boolean dying = machine.before(Machine.Access.NAME, file);
                disk.create(file, Node.file());
                if (dying) {
                    machine.die();
                }
            }
        }
        Node node = disk.require(file);
        if (writes && options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
            node.truncate(0);
        }
        return new SimFileChannel(disk, node, file, machine);
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        return newFileChannel(path, options, attributes);
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(Path directory, DirectoryStream.Filter<? super Path> filter)
            throws IOException {
        disk.require(text(directory));
        List<Path> found = new ArrayList<>();
        for (String name : disk.list(text(directory))) {
            Path path = directory.resolve(name.substring(name.lastIndexOf('/') + 1));
            if (filter.accept(path)) {
                found.add(path);
            }
        }
        return new DirectoryStream<>() {
            @Override
            public Iterator<Path> iterator() {
                return found.iterator();
            }

            @Override
            public void close() {
                // nothing is held
            }
        };
    }

    @Override
    public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
        String directory = text(path);
        if (disk.find(directory).isPresent()) {
            throw new FileAlreadyExistsException(directory);
        }
        change(directory, () -> disk.create(directory, Node.directory()));
    }

    @Override
    public void delete(Path path) throws IOException {
        change(text(path), () -> disk.delete(text(path)));
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        List<CopyOption> wanted = Arrays.asList(options);
        if (!wanted.contains(StandardCopyOption.ATOMIC_MOVE)
                && !wanted.contains(StandardCopyOption.REPLACE_EXISTING)
                && disk.find(text(target)).isPresent()) {
            throw new FileAlreadyExistsException(text(target));
        }
        change(text(target), () -> disk.rename(text(source), text(target)));
    }

    private interface Change {
        void run() throws IOException;
    }

    private void change(String file, Change change) throws IOException {
        boolean dying = machine.before(Machine.Access.NAME, file);
        change.run();
        if (dying) {
            machine.die();
        }
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
        disk.require(text(path));
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
            throws IOException {
        return type.cast(new Attributes(disk.require(text(path))));
    }

    private record Attributes(Node node) implements BasicFileAttributes {
        @Override
        public FileTime lastModifiedTime() {
            return FileTime.fromMillis(0);
        }

        @Override
        public FileTime lastAccessTime() {
            return FileTime.fromMillis(0);
        }

        @Override
        public FileTime creationTime() {
            return FileTime.fromMillis(0);
        }

        @Override
        public boolean isRegularFile() {
            return !node.isDirectory();
        }

        @Override
        public boolean isDirectory() {
            return node.isDirectory();
        }

        @Override
        public boolean isSymbolicLink() {
            return false;
        }

        @Override
        public boolean isOther() {
            return false;
        }

        @Override
        public long size() {
            return node.sizeBytes();
        }

        @Override
        public Object fileKey() {
            return node;
        }
    }

    @Override
    public boolean isSameFile(Path first, Path second) {
        return text(first).equals(text(second));
    }

    @Override
    public boolean isHidden(Path path) {
        return false;
    }

    @Override
    public String getScheme() {
        return "sim";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> environment) {
        throw unsupported();
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
        throw unsupported();
    }

    @Override
    public Path getPath(URI uri) {
        throw unsupported();
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) {
        throw unsupported();
    }

    @Override
    public FileStore getFileStore(Path path) {
        throw unsupported();
    }

    @Override
    public <V extends FileAttributeView> V getFileAttributeView(Path path, Class<V> type, LinkOption... options) {
        throw unsupported();
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options) {
        throw unsupported();
    }

    @Override
    public void setAttribute(Path path, String attribute, Object value, LinkOption... options) {
        throw unsupported();
    }

    private static UnsupportedOperationException unsupported() {
        return new UnsupportedOperationException("the simulated file system does not do this");
    }
}
