package org.openvrg.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Components end in the order in which the manifest of their bundle names them. A provider has to go before its
 * datastores: then the writeagent closes the volumes, and none of them fails under it.
 */
class ComponentOrderTest {
    private static final String STORAGE = Arrows.ROOT + "storage.";

    @Test
    void storageProvidersEndBeforeTheirDatastores() throws IOException {
        ClassLoader loader = getClass().getClassLoader();
        Set<String> seen = new TreeSet<>();
        for (URL manifest : Collections.list(loader.getResources("META-INF/MANIFEST.MF"))) {
            Attributes headers = headers(manifest);
            String bundle = String.valueOf(headers.getValue("Bundle-SymbolicName"));
            if (bundle.startsWith(STORAGE)) {
                seen.add(bundle);
                String first =
                        headers.getValue("Service-Component").split(",", 2)[0].strip();
                assertTrue(
                        text(loader, first).contains("interface=\"org.openvrg.api.storage.StorageProvider\""),
                        first + " is not the provider, but the first component of " + bundle);
            }
        }
        assertEquals(
                Arrows.ALLOWED.keySet().stream()
                        .map(name -> Arrows.ROOT + name)
                        .filter(name -> name.startsWith(STORAGE))
                        .collect(Collectors.toCollection(TreeSet::new)),
                seen);
    }

    private static Attributes headers(URL manifest) throws IOException {
        try (InputStream in = manifest.openStream()) {
            return new Manifest(in).getMainAttributes();
        }
    }

    private static String text(ClassLoader loader, String resource) throws IOException {
        try (InputStream in = loader.getResourceAsStream(resource)) {
            assertTrue(in != null, resource + " is missing");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
