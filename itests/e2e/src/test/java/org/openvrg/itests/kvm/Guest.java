package org.openvrg.itests.kvm;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openvrg.itests.Await;
import org.openvrg.itests.Tools;

/**
 * A QEMU guest with Debian's cloud kernel and a busybox shell, driven over its serial console. Its disks carry the UUIDs
 * of their volumes as serials. The monitors are in a folder, as the platform wants them: {@code NAME.qmp} and
 * {@code NAME.guard}. Software emulation, so it runs everywhere.
 */
final class Guest implements AutoCloseable {
    static final Duration BOOT = Duration.ofMinutes(3);
    static final Duration SOON = Duration.ofMinutes(2);

    /** So slow that a migration takes some seconds. */
    private static final long MIGRATION_BYTES_PER_SECOND = 24L << 20;

    private static final int MAX_LINES = 20_000;
    private static final String RECORD = "R ";

    private String name;
    private final Path folder;
    private final String uuid;
    private final List<Disk> disks;
    private final List<String> lines = new ArrayList<>();
    private final AtomicLong lastRecord = new AtomicLong();
    private final AtomicLong lastRecordNanos = new AtomicLong();
    private final AtomicLong longestGapNanos = new AtomicLong();
    private final List<Process> left = new ArrayList<>();
    private final List<String> options = new ArrayList<>();
    private Optional<Process> process = Optional.empty();
    private Optional<SocketChannel> console = Optional.empty();
    private int commands;

    /** A disk image and the volume that it is. */
    record Disk(Path image, String format, String volume) {}

    /**
     * A guest that does not run yet.
     *
     * @param name of its monitors
     * @param folder for its sockets
     */
    Guest(String name, Path folder, String uuid, List<Disk> disks) {
        this.name = name;
        this.folder = folder;
        this.uuid = uuid;
        this.disks = List.copyOf(disks);
    }

    /** Gives QEMU a further option, from its next start on. */
    void option(String option, String value) {
        options.addAll(List.of(option, value));
    }

    /** The volume of its first disk. */
    String volume() {
        return disks.get(0).volume();
    }

    /** Its name. */
    String name() {
        return name;
    }

    /** Its disks. */
    List<Disk> disks() {
        return disks;
    }

    /** Its UUID. */
    String uuid() {
        return uuid;
    }

    /** Boots, and waits for the shell. */
    Guest start() throws IOException, InterruptedException {
        process = Optional.of(launch(name));
        attach(() -> {});
        run("mount -t ext4 -o ro /dev/vd" + (char) ('a' + disks.size()) + " /tools");
        return this;
    }

    /** Starts a QEMU of it. */
    private Process launch(String name, String... more) throws IOException, InterruptedException {
        GuestSystem system = GuestSystem.get();
        List<String> command = new ArrayList<>(
                List.of("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "384", "-smp", "1"));
        command.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-uuid", uuid));
        command.addAll(List.of("-chardev", "socket,id=con,server=on,wait=off,path=" + socket(name, "console")));
        command.addAll(List.of("-serial", "chardev:con"));
        for (String suffix : List.of("guard", "hands", "qmp")) {
            command.addAll(List.of("-qmp", "unix:" + socket(name, suffix) + ",server=on,wait=off"));
        }
        command.addAll(List.of(
                "-kernel",
                system.kernel().toString(),
                "-initrd",
                system.initrd().toString()));
        command.addAll(List.of("-append", "console=ttyS0 quiet panic=-1 no_timer_check"));
        for (Disk disk : disks) {
            String node = "disk" + disks.indexOf(disk);
            command.addAll(List.of("-blockdev", "driver=file,node-name=file-" + node + ",filename=" + disk.image()));
            command.addAll(
                    List.of("-blockdev", "driver=" + disk.format() + ",node-name=" + node + ",file=file-" + node));
            command.addAll(List.of("-device", "virtio-blk-pci,drive=" + node + ",serial=" + disk.volume()));
        }
        command.addAll(options);
        command.addAll(List.of(
                "-blockdev",
                "driver=file,node-name=tools,read-only=on,filename=" + system.tools(),
                "-device",
                "virtio-blk-pci,drive=tools,serial=tools"));
        command.addAll(List.of(more));
        for (String suffix : List.of("console", "guard", "hands", "qmp")) {
            Files.deleteIfExists(socket(name, suffix));
        }
        Process started = Tools.start(folder.resolve(name + ".log"), command);
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
        return started;
    }

    /** A monitor of its QEMU, as whoever manages the host has one. */
    Monitor monitor() throws IOException {
        return Monitor.open(socket("hands"));
    }

    /**
     * Goes to another QEMU while it runs, as to another host that has the same disks. The one that it left stays, paused,
     * until the guest is closed.
     *
     * @param to name of the other QEMU's monitors
     * @param bitmaps whether its disks' dirty bitmaps go with it
     */
    void migrate(String to, boolean bitmaps) throws IOException, InterruptedException {
        Process next = launch(to, "-incoming", "defer");
        left.add(next);
        Await.until(SOON, this::describe, () -> Files.exists(socket(to, "console")) && connect(to));
        Await.until(SOON, this::describe, () -> Files.exists(socket(to, "hands")));
        try (Monitor here = monitor();
                Monitor there = Monitor.open(socket(to, "hands"))) {
            String uri = "unix:" + socket(to, "migration");
            String capability = "{'capabilities': [{'capability': 'dirty-bitmaps', 'state': " + bitmaps + "}]}";
            here.execute("migrate-set-capabilities", capability);
            there.execute("migrate-set-capabilities", capability);
            here.execute("migrate-set-parameters", "{'max-bandwidth': " + MIGRATION_BYTES_PER_SECOND + "}");
            there.execute("migrate-incoming", "{'uri': '" + uri + "'}");
            here.execute("migrate", "{'uri': '" + uri + "'}");
            Await.until(SOON, this::describe, () -> {
                JsonNode migration = here.execute("query-migrate");
                String status = migration.path("status").asText();
                if (status.equals("failed") || status.equals("cancelled")) {
                    throw new AssertionError("the migration failed: " + migration + describe());
                }
                return status.equals("completed")
                        && there.execute("query-status").path("running").asBoolean();
            });
        }
        left.remove(next);
        left.add(process.orElseThrow());
        process = Optional.of(next);
        name = to;
    }

    /** Lets a machine go on. */
    @FunctionalInterface
    interface Go {
        /** Does so. */
        void on() throws IOException, InterruptedException;
    }

    /** Takes the console of a QEMU that is there, which may be another than before, has it go on, and waits for the shell. */
    Guest attach(Go go) throws IOException, InterruptedException {
        if (console.isPresent()) {
            console.get().close();
        }
        synchronized (this) {
            lines.clear();
        }
        Await.until(SOON, this::describe, () -> Files.exists(socket("console")) && connect(name));
        go.on();
        Await.until(BOOT, this::describe, () -> has("[vrg-ready]"));
        return this;
    }

    /** One of its sockets. */
    Path socket(String suffix) {
        return socket(name, suffix);
    }

    private Path socket(String qemu, String suffix) {
        return folder.resolve(qemu + "." + suffix);
    }

    private boolean connect(String qemu) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket(qemu, "console")));
        console = Optional.of(channel);
        Thread reader = new Thread(() -> read(channel), "console-" + name);
        reader.setDaemon(true);
        reader.start();
        return true;
    }

    private void read(SocketChannel channel) {
        StringBuilder line = new StringBuilder();
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        try {
            while (channel.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    char next = (char) buffer.get();
                    if (next == '\n') {
                        take(line.toString().strip());
                        line.setLength(0);
                    } else {
                        line.append(next);
                    }
                }
                buffer.clear();
            }
        } catch (IOException e) {
            take("[the console ended: " + e.getMessage() + "]");
        }
    }

    private synchronized void take(String line) {
        if (line.startsWith(RECORD)) {
            long now = System.nanoTime();
            long before = lastRecordNanos.getAndSet(now);
            if (before != 0) {
                longestGapNanos.accumulateAndGet(now - before, Math::max);
            }
            lastRecord.set(Long.parseLong(line.substring(RECORD.length())));
        } else if (lines.size() < MAX_LINES) {
            lines.add(line);
        }
        notifyAll();
    }

    private synchronized boolean has(String text) {
        return lines.stream().anyMatch(line -> line.contains(text));
    }

    /** The end of the console, for failures. */
    synchronized String describe() {
        return "guest " + name + ", record " + lastRecord + ":\n"
                + String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
    }

    /** Runs a command in the guest's shell that has to succeed; what it printed. */
    String run(String command) throws IOException {
        return run(command, SOON);
    }

    /** The same with a deadline of its own. */
    String run(String command, Duration limit) throws IOException {
        int from;
        synchronized (this) {
            commands++;
            from = lines.size();
        }
        // in two parts, so that an echo of the command is not taken for its end
        String end = "[vrg-done " + commands + " ";
        send(command + "\necho \"[vrg\"\"-done " + commands + " $status]\"\n");
        Await.until(limit, () -> command + "\n" + describe(), () -> hasFrom(from, end));
        synchronized (this) {
            List<String> said = lines.subList(from, lines.size());
            String last =
                    said.stream().filter(line -> line.contains(end)).findFirst().orElseThrow();
            if (!last.endsWith(end + "0]")) {
                throw new AssertionError(command + " failed in the guest: " + describe());
            }
            return String.join("\n", said.subList(0, said.indexOf(last)));
        }
    }

    private synchronized boolean hasFrom(int from, String text) {
        return lines.subList(from, lines.size()).stream().anyMatch(line -> line.contains(text));
    }

    private void send(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                console.orElseThrow().write(bytes);
            }
        } catch (IOException e) {
            throw new IOException("the guest is gone: " + describe(), e);
        }
    }

    /** Makes a file system on the first disk, and mounts it. */
    void makeFileSystem() throws IOException {
        run(
                "/e2fs/mke2fs -q -t ext4 /dev/vda && mount -t ext4 /dev/vda /mnt && dd if=/dev/urandom of=/mnt/seed bs=1M count=4"
                        + " && sync");
    }

    /**
     * Begins to append numbered records to a file, each made durable before it is told; in the background, until
     * {@link #stopRecords()}.
     */
    void startRecords() throws IOException {
        run("touch /tmp/go; i=$(tail -n 1 /mnt/records 2>/dev/null || echo 0); (while [ -e /tmp/go ]; do"
                + " i=$((i+1)); echo $i | dd of=/mnt/records oflag=append conv=notrunc,fsync 2>/dev/null && echo \"R $i\"; done;"
                + " echo \"[records\"\" ended]\") &");
    }

    /** Ends the records, and waits until the last one is written. */
    void stopRecords() throws IOException {
        int from;
        synchronized (this) {
            from = lines.size();
        }
        run("rm -f /tmp/go");
        Await.until(SOON, this::describe, () -> hasFrom(from, "[records ended]"));
        run("sync");
    }

    /** The newest record that the guest knows as durable. */
    long lastRecord() {
        return lastRecord.get();
    }

    /** Waits for so many further records. */
    void awaitRecords(long more) {
        long wanted = lastRecord() + more;
        Await.until(SOON, () -> wanted + " records: " + describe(), () -> lastRecord() >= wanted);
    }

    /** Begins to look for the longest time between two records anew. */
    void resetGap() {
        longestGapNanos.set(0);
    }

    /** The longest time between two records, in milliseconds. */
    long longestGapMillis() {
        return TimeUnit.NANOSECONDS.toMillis(longestGapNanos.get());
    }

    /** Takes the console of the QEMU that it runs in now. */
    void reattach() throws IOException {
        if (console.isPresent()) {
            console.get().close();
        }
        Await.until(SOON, this::describe, () -> connect(name));
    }

    /** Ends it as a power cut would. */
    void kill() {
        process.ifPresent(started -> started.destroyForcibly().onExit().join());
    }

    /** Whether the QEMUs that it left are still there. */
    boolean isLeft() {
        return !left.isEmpty() && left.stream().allMatch(Process::isAlive);
    }

    /** Ends the QEMUs that it left. */
    void endLeft() {
        left.forEach(gone -> gone.destroyForcibly().onExit().join());
        left.clear();
    }

    /** Ends QEMU in order, as whoever manages the host does; for the guest it is a power cut. */
    void quit() throws IOException {
        try (Monitor monitor = monitor()) {
            monitor.execute("quit");
        }
        process.orElseThrow().onExit().join();
    }

    @Override
    public void close() throws IOException {
        kill();
        endLeft();
        if (console.isPresent()) {
            console.get().close();
        }
    }
}
