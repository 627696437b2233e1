package org.openvrg.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.openvrg.journal.fixture.UsesLink;
import org.openvrg.nbd.fixture.first.CircleFirst;
import org.openvrg.nbd.fixture.second.CircleSecond;

/** Holds the code to {@link Arrows}, and shows that the check notices when it is broken. */
class ArchitectureTest {
    private static final JavaClasses SHIPPED = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.openvrg");

    @Test
    void everyBundleKeepsToItsArrows() {
        Arrows.arrowsHold().check(SHIPPED);
    }

    @Test
    void noBundleReachesIntoAnothersInternals() {
        Arrows.internalsStayInternal().check(SHIPPED);
    }

    @Test
    void packagesHaveNoCircle() {
        Arrows.packagesHaveNoCircle().check(SHIPPED);
    }

    @Test
    void seesTheClassesOfTheBundles() {
        Set<String> seen = new TreeSet<>();
        SHIPPED.forEach(type -> Arrows.bundleOf(type).ifPresent(seen::add));
        assertTrue(seen.containsAll(Set.of("api", "wire", "link", "platform.kvm", "platform.xen")), seen.toString());
    }

    @Test
    void failsWhenOneForbiddenImportIsAdded() {
        JavaClasses broken = new ClassFileImporter().importClasses(UsesLink.class);
        AssertionError error =
                assertThrows(AssertionError.class, () -> Arrows.arrowsHold().check(broken));
        assertTrue(error.getMessage().contains("journal may not use link"), error.getMessage());
    }

    @Test
    void failsWhenABundleIsNotWrittenDown() {
        JavaClasses unknown = new ClassFileImporter().importClasses(ArchitectureTest.class);
        AssertionError error =
                assertThrows(AssertionError.class, () -> Arrows.arrowsHold().check(unknown));
        assertTrue(error.getMessage().contains("belongs to no bundle"), error.getMessage());
    }

    @Test
    void failsWhenPackagesFormACircle() {
        JavaClasses circle = new ClassFileImporter().importClasses(CircleFirst.class, CircleSecond.class);
        assertThrows(AssertionError.class, () -> Arrows.packagesHaveNoCircle().check(circle));
    }

    @Test
    void arrowsThemselvesHaveNoCircle() {
        Set<String> done = new TreeSet<>();
        int before = -1;
        while (done.size() > before) {
            before = done.size();
            Arrows.ALLOWED.forEach((bundle, uses) -> {
                if (done.containsAll(uses)) {
                    done.add(bundle);
                }
            });
        }
        assertEquals(Arrows.ALLOWED.keySet(), done);
    }

    /** Leaves the graph as the code has it in {@code target/bundles.md}. */
    @Test
    void drawsTheGraph() throws IOException {
        Set<String> edges = new TreeSet<>();
        for (JavaClass type : SHIPPED) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                String from = Arrows.bundleOf(type).orElseThrow();
                Arrows.bundleOf(target)
                        .filter(to -> !to.equals(from))
                        .ifPresent(to -> edges.add("    " + from + " --> " + to));
            }
        }
        assertFalse(edges.isEmpty());
        Files.writeString(
                Path.of("target", "bundles.md"), "```mermaid\ngraph LR\n" + String.join("\n", edges) + "\n```\n");
    }
}
