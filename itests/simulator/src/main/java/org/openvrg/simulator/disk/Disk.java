package org.openvrg.simulator.disk;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/**
 * The disk of a machine with its page cache. What processes see is the cache. A power loss keeps what was synced; of the
 * rest each page survives, is lost, or is torn at a sector, by chance; changes of names survive up to some point of
 * their order within their directory.
 */
public final class Disk {
    private final Map<String, Node> nodes = new TreeMap<>();
    private final Map<String, Deque<NameChange>> pending = new TreeMap<>();
    private long limitBytes = Long.MAX_VALUE;

    /** What a directory looked like for one name before it was changed. */
    private record NameChange(String path, Optional<Node> before, Optional<Node> after) {}

    /** A disk with a root. */
    public Disk() {
        nodes.put("/", Node.directory());
    }

    Optional<Node> find(String path) {
        return Optional.ofNullable(nodes.get(path));
    }

    Node require(String path) throws NoSuchFileException {
        return find(path).orElseThrow(() -> new NoSuchFileException(path));
    }

    /** Names in a directory, as paths, in order. */
    List<String> list(String directory) {
        String prefix = directory.equals("/") ? "/" : directory + "/";
        List<String> found = new ArrayList<>();
        for (String path : nodes.keySet()) {
            if (path.startsWith(prefix) && path.length() > prefix.length() && path.indexOf('/', prefix.length()) < 0) {
                found.add(path);
            }
        }
        return found;
    }

    void create(String path, Node node) throws IOException {
        if (nodes.containsKey(path)) {
            throw new FileAlreadyExistsException(path);
        }
        require(parent(path));
        if (node.isDirectory()) {
            nodes.put(path, node); // a sync of anything below makes it last on the usual file systems
        } else {
            change(path, Optional.of(node));
        }
    }

    void delete(String path) throws IOException {
        Node node = require(path);
        if (node.isDirectory() && !list(path).isEmpty()) {
            throw new DirectoryNotEmptyException(path);
        }
        change(path, Optional.empty());
    }

    /** Renames, in one step, over what may be there. */
    void rename(String from, String to) throws IOException {
        Node node = require(from);
        require(parent(to));
        if (!parent(from).equals(parent(to))) {
            throw new IOException("the simulated disk renames within a directory only");
        }
        // one change of the directory: a crash leaves both names as before or both as after
        Deque<NameChange> changes = pending.computeIfAbsent(parent(to), name -> new ArrayDeque<>());
        changes.add(new NameChange(to + "\0" + from, Optional.ofNullable(nodes.get(to)), Optional.of(node)));
        nodes.remove(from);
        nodes.put(to, node);
    }

    private void change(String path, Optional<Node> after) {
        pending.computeIfAbsent(parent(path), name -> new ArrayDeque<>())
                .add(new NameChange(path, Optional.ofNullable(nodes.get(path)), after));
        put(path, after);
    }

    private void put(String path, Optional<Node> node) {
        if (node.isPresent()) {
            nodes.put(path, node.get());
        } else {
            nodes.remove(path);
        }
    }

    /** Names of a directory are on stable storage from here on. */
    void syncNames(String directory) {
        pending.remove(directory);
    }

    /** Only what was synced survives for sure. */
    public void losePower(Random random) {
        for (Deque<NameChange> changes : pending.values()) {
            int lost = random.nextInt(changes.size() + 1);
            for (int i = 0; i < lost; i++) {
                undo(changes.removeLast());
            }
        }
        pending.clear();
        dropOrphans();
        nodes.values().forEach(node -> node.losePower(random));
    }

    private void undo(NameChange change) {
        int split = change.path.indexOf('\0');
        if (split < 0) {
            put(change.path, change.before);
            return;
        }
        put(change.path.substring(0, split), change.before);
        put(change.path.substring(split + 1), change.after);
    }

    /** A directory whose making was lost takes its files with it. */
    private void dropOrphans() {
        boolean again = true;
        while (again) {
            again = nodes.keySet().removeIf(path -> !path.equals("/") && !nodes.containsKey(parent(path)));
        }
    }

    /** The files whose path fits, in order. */
    public List<String> files(java.util.function.Predicate<String> fits) {
        return nodes.entrySet().stream()
                .filter(entry -> !entry.getValue().isDirectory() && fits.test(entry.getKey()))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Flips one bit of a file, on the disk and in the cache; false when it is too short. */
    public boolean flipBit(String path, long leastOffset, Random random) {
        return find(path).map(node -> node.flipBit(leastOffset, random)).orElse(false);
    }

    /** Writes that need more space than this fail from now on. */
    public void limit(long bytes) {
        limitBytes = bytes;
    }

    /** Bytes of all files. */
    public long usedBytes() {
        return nodes.values().stream().mapToLong(Node::sizeBytes).sum();
    }

    void checkSpace(long moreBytes) throws IOException {
        if (moreBytes > 0 && limitBytes != Long.MAX_VALUE && usedBytes() + moreBytes > limitBytes) {
            throw new IOException("No space left on device");
        }
    }

    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash <= 0 ? "/" : path.substring(0, slash);
    }
}
