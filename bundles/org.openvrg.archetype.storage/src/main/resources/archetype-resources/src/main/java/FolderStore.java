package ${package};

import java.io.IOException;
import java.nio.file.Path;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.ImageFolder;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.file.OwnedVolumes;
import org.openvrg.api.file.OwnerFile;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * One datastore for each configuration: raw image files in a folder. Put your storage in place of the files.
 * Thread-safe.
 *
 * <p>Its name sorts behind the provider's: components of a bundle end in this order, so that the writeagent has closed
 * the volumes by itself when the datastore closes what is left.
 */
@Component(
        service = FolderStore.class,
        configurationPid = "${package}",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = FolderStore.Config.class, factory = true)
public final class FolderStore implements NamedStores.Store {
    private final String dsUrn;
    private final ImageFolder folder;
    private final OwnedVolumes volumes = new OwnedVolumes();

    /** Configuration of a datastore. */
    @ObjectClassDefinition(name = "VRG storage ${volType}", description = "Image files in a folder")
    @interface Config {
        /** Name of the datastore. */
        @AttributeDefinition(description = "URN of the datastore; empty: the default datastore")
        String dsUrn() default "";

        /** Folder. */
        @AttributeDefinition(description = "Absolute path of the folder with the image files")
        String root() default "";
    }

    /** Takes the configuration; one that is wrong fails here, and the log tells why. */
    @Activate
    public FolderStore(Config config) {
        this(config.dsUrn(), Path.of(config.root()));
    }

    FolderStore(String dsUrn, Path root) {
        if (!root.isAbsolute()) {
            throw new IllegalArgumentException("root is '" + root + "', it must be an absolute path of a folder");
        }
        this.dsUrn = dsUrn;
        this.folder = new ImageFolder(root);
    }

    @Override
    public String dsUrn() {
        return dsUrn;
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        String name = ImageFolder.printable(spec.volumeUrl());
        Path file;
        try {
            file = folder.resolve(spec.volumeUrl(), name);
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + " can't be opened on its datastore", e);
        }
        return volumes.open(
                file,
                name,
                spec.sizeBytes(),
                () -> OwnerFile.claim(OwnerFile.beside(file), name, owner),
                () -> RawFileVolume.open(file, name));
    }

    /** Flushes and closes what is still open; the ownership stays. */
    @Override
    @Deactivate
    public void close() {
        volumes.close();
    }
}
