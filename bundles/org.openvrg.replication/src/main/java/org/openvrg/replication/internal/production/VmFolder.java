package org.openvrg.replication.internal.production;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.file.DurableFile;
import org.openvrg.api.model.VolumeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a VM's files are.
 *
 * @param kept on the gateway's disk: what has to survive a power loss
 * @param live in the machine's memory: what has to survive a kill, and is written with every write of the guest. A page
 *     of a mapped file on a disk that does not answer would stop the guest, and with it the whole gateway
 */
public record VmFolder(Path kept, Path live) {
    private static final Logger LOG = LoggerFactory.getLogger(VmFolder.class);

    private static final String MODE_FILE = "mode";
    private static final String JOURNAL = "journal";
    private static final String SCRUB_FILE = "scrub";
    private static final String VOLUMES_FILE = "volumes";
    private static final String PROBE_FILE = "probe";
    private static final int PROBE_BYTES = 64 * 1024;

    /** The folders of a VM, which need not exist. */
    public static VmFolder of(ProductionSettings settings, UUID vmUuid) {
        return of(settings, vmUuid.toString());
    }

    static VmFolder of(ProductionSettings settings, String name) {
        return new VmFolder(
                settings.directory().resolve(name), settings.liveDirectory().resolve(name));
    }

    Path liveMode() {
        return live.resolve(MODE_FILE);
    }

    Path keptMode() {
        return kept.resolve(MODE_FILE);
    }

    Path journal() {
        return kept.resolve(JOURNAL);
    }

    Path scrub() {
        return kept.resolve(SCRUB_FILE);
    }

    Path active(VolumeId volume) {
        return kept.resolve(volume.key() + ".active");
    }

    Path dirty(VolumeId volume) {
        return live.resolve(volume.key() + ".dirty");
    }

    /** Whether a former start left files about the VM. */
    public boolean exists() {
        return Files.exists(kept);
    }

    /** A volume that left the VM and comes back later must not find its old, clean bitmap. */
    void forgetRemoved(List<VolumeId> volumes) throws JournalException {
        forgetRemoved(kept, volumes);
        forgetRemoved(live, volumes);
    }

    private static void forgetRemoved(Path directory, List<VolumeId> volumes) throws JournalException {
        Set<String> kept = new HashSet<>();
        volumes.forEach(volume -> kept.add(volume.key().toString()));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.{dirty,active}")) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (!kept.contains(name.substring(0, name.indexOf('.')))) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "a bitmap of a VM can't be deleted", e);
        }
    }

    /** Notes which volumes the VM has, for {@link #remembered}. */
    void remember(List<VolumeId> volumes) throws JournalException {
        try {
            String text = volumes.stream().map(volume -> volume.value() + "\n").collect(Collectors.joining());
            // after a power loss, too, they wait for their VM
            DurableFile.replace(kept.resolve(VOLUMES_FILE), text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the volume list of a VM can't be written", e);
        }
    }

    /** The volumes that any VM protected when it was last open, with the VM's folders. */
    public static Map<VolumeId, VmFolder> remembered(ProductionSettings settings) throws JournalException {
        Map<VolumeId, VmFolder> volumes = new HashMap<>();
        if (!Files.isDirectory(settings.directory())) {
            return volumes;
        }
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(settings.directory())) {
            for (Path kept : folders) {
                Path list = kept.resolve(VOLUMES_FILE);
                if (Files.isRegularFile(list)) {
                    VmFolder folder = VmFolder.of(settings, String.valueOf(kept.getFileName()));
                    Files.readAllLines(list).stream()
                            .filter(VolumeId::isValid)
                            .forEach(name -> volumes.put(new VolumeId(name), folder));
                }
            }
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the folder of the VMs can't be read", e);
        }
        return volumes;
    }

    /**
     * Forgets that history and bitmaps of the VM can be trusted, because writes pass them by. Its volumes must have been
     * flushed: what a flush of the guest left to the journal is given up.
     *
     * @throws JournalException when that may not last. Without the live file nothing is trusted as long as the machine is
     *     up, but after a power loss the journal would be redone over what was written since
     */
    public void distrust() throws JournalException {
        try {
            Files.deleteIfExists(liveMode());
            if (Files.deleteIfExists(keptMode())) {
                DurableFile.syncFolder(kept);
            }
        } catch (IOException e) {
            throw new JournalException(
                    JournalException.Kind.FAILED, "the mode of a VM can't be deleted: " + e.getMessage(), e);
        }
    }

    /**
     * Whether the volumes may lack what the guest was told is flushed, because a power loss left it to the journal alone.
     */
    public boolean needsRedo(UUID bootId) {
        try {
            return !ModeFile.bootOf(liveMode()).equals(Optional.of(bootId))
                    && ModeFile.bootOf(keptMode())
                            .filter(boot -> !boot.equals(bootId))
                            .isPresent();
        } catch (IOException e) {
            LOG.error("The mode file of a VM can't be read", e);
            return true;
        }
    }

    /** Fails unless the disk takes a few bytes and syncs them; waits as long as the disk does. */
    public void probe() throws JournalException {
        Path probe = kept.resolve(PROBE_FILE);
        try {
            Files.createDirectories(kept);
            try (FileChannel channel = FileChannel.open(
                    probe, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.allocate(PROBE_BYTES));
                channel.force(true);
            }
            Files.delete(probe);
        } catch (IOException e) {
            throw new JournalException(
                    JournalException.Kind.FAILED, "the disk of the journals takes no writes: " + e.getMessage(), e);
        }
    }

    /** Removes all that is kept about the VM, which must not be open. */
    public void delete() throws JournalException {
        deleteAll(live);
        deleteAll(kept);
    }

    private static void deleteAll(Path directory) throws JournalException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the files of a removed VM can't be deleted", e);
        }
    }
}
