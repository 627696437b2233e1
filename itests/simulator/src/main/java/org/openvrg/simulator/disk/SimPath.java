package org.openvrg.simulator.disk;

import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.List;

/** A path of a {@link SimFileSystem}: names joined by slashes, absolute when it begins with one. */
final class SimPath implements Path {
    private final SimFileSystem system;
    private final boolean absolute;
    private final List<String> names;

    SimPath(SimFileSystem system, boolean absolute, List<String> names) {
        this.system = system;
        this.absolute = absolute;
        this.names = List.copyOf(names);
    }

    static SimPath parse(SimFileSystem system, String text) {
        List<String> names = java.util.Arrays.stream(text.split("/"))
                .filter(name -> !name.isEmpty())
                .toList();
        return new SimPath(system, text.startsWith("/"), names);
    }

    private SimPath sub(boolean keepRoot, int from, int to) {
        return new SimPath(system, keepRoot, names.subList(from, to));
    }

    @Override
    public FileSystem getFileSystem() {
        return system;
    }

    @Override
    public boolean isAbsolute() {
        return absolute;
    }

    @Override
    public Path getRoot() {
        return absolute ? new SimPath(system, true, List.of()) : null;
    }

    @Override
    public Path getFileName() {
        return names.isEmpty() ? null : sub(false, names.size() - 1, names.size());
    }

    @Override
    public Path getParent() {
        return names.isEmpty() || (names.size() == 1 && !absolute) ? null : sub(absolute, 0, names.size() - 1);
    }

    @Override
    public int getNameCount() {
        return names.size();
    }

    @Override
    public Path getName(int index) {
        return sub(false, index, index + 1);
    }

    @Override
    public Path subpath(int beginIndex, int endIndex) {
        return sub(false, beginIndex, endIndex);
    }

    @Override
    public boolean startsWith(Path other) {
        SimPath that = (SimPath) other;
        return absolute == that.absolute
                && names.size() >= that.names.size()
                && names.subList(0, that.names.size()).equals(that.names);
    }

    @Override
    public boolean endsWith(Path other) {
        SimPath that = (SimPath) other;
        int from = names.size() - that.names.size();
        return from >= 0 && names.subList(from, names.size()).equals(that.names);
    }

    @Override
    public Path normalize() {
        return this;
    }

    @Override
    public Path resolve(Path other) {
        SimPath that = (SimPath) other;
        if (that.absolute) {
            return that;
        }
        List<String> all = new java.util.ArrayList<>(names);
        all.addAll(that.names);
        return new SimPath(system, absolute, all);
    }

    @Override
    public Path relativize(Path other) {
        SimPath that = (SimPath) other;
        if (!that.startsWith(this)) {
            throw new IllegalArgumentException(other + " is not below " + this);
        }
        return that.sub(false, names.size(), that.names.size());
    }

    @Override
    public URI toUri() {
        return URI.create("sim:" + this);
    }

    @Override
    public Path toAbsolutePath() {
        return absolute ? this : new SimPath(system, true, names);
    }

    @Override
    public Path toRealPath(LinkOption... options) {
        return toAbsolutePath();
    }

    @Override
    public WatchKey register(WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
        throw new UnsupportedOperationException("nothing is watched in the simulator");
    }

    @Override
    public int compareTo(Path other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SimPath that && toString().equals(that.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    @Override
    public String toString() {
        return (absolute ? "/" : "") + String.join("/", names);
    }
}
