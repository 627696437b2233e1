package org.openvrg.architecture;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The one place where the arrows between bundles are written down: a bundle may use itself and what its arrow names,
 * nothing else of ours. A bundle that is not named here may not exist. Stateless.
 */
final class Arrows {
    static final String ROOT = "org.openvrg.";

    /** Bundle, without {@link #ROOT}, to the bundles it may use. */
    static final Map<String, Set<String>> ALLOWED = new TreeMap<>(Map.ofEntries(
            Map.entry("api", Set.of()),
            Map.entry("alarm", Set.of("api")),
            Map.entry("identity", Set.of("api")),
            Map.entry("journal", Set.of("api")),
            Map.entry("nbd", Set.of("api")),
            Map.entry("network", Set.of("api")),
            Map.entry("wire", Set.of("api")),
            Map.entry("link", Set.of("api", "wire")),
            Map.entry("replication", Set.of("api", "journal", "nbd", "wire", "link")),
            Map.entry("writeagent", Set.of("api", "wire")),
            Map.entry("control", Set.of("api")),
            Map.entry("rest", Set.of("api")),
            Map.entry("https", Set.of("api")),
            Map.entry("platform.inline", Set.of("api")),
            Map.entry("qemu", Set.of("api", "nbd")),
            Map.entry("platform.kvm", Set.of("api", "qemu", "nbd")),
            Map.entry("platform.xen", Set.of("api", "qemu", "nbd")),
            Map.entry("storage.localpome", Set.of("api", "qemu")),
            Map.entry("storage.lunpome", Set.of("api", "qemu")),
            Map.entry("storage.nas", Set.of("api", "qemu")),
            Map.entry("storage.dsware", Set.of("api", "qemu")),
            // for tests only; never deployed
            Map.entry("testkit", Set.of("api"))));

    private Arrows() {}

    /** The bundle of a class: the longest name in {@link #ALLOWED} that its package starts with. */
    static Optional<String> bundleOf(JavaClass type) {
        String name = type.getPackageName() + ".";
        return ALLOWED.keySet().stream()
                .filter(bundle -> name.startsWith(ROOT + bundle + "."))
                .max(java.util.Comparator.comparingInt(String::length));
    }

    static boolean isOurs(JavaClass type) {
        return (type.getPackageName() + ".").startsWith(ROOT);
    }

    /** Every class keeps to the arrow of its bundle. */
    static ArchRule arrowsHold() {
        return ArchRuleDefinition.classes()
                .should(new ArchCondition<JavaClass>("use only what the arrow of its bundle allows") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        checkArrows(type, events);
                    }
                });
    }

    /** Nobody reaches into the {@code internal} packages of another bundle. */
    static ArchRule internalsStayInternal() {
        return ArchRuleDefinition.classes()
                .should(new ArchCondition<JavaClass>("leave other bundles' internals alone") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        checkInternals(type, events);
                    }
                });
    }

    /** No circle among packages, within a bundle or across. */
    static ArchRule packagesHaveNoCircle() {
        return SlicesRuleDefinition.slices()
                .matching("org.openvrg.(**)")
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(true);
    }

    private static void checkArrows(JavaClass type, ConditionEvents events) {
        Optional<String> from = bundleOf(type);
        if (from.isEmpty()) {
            events.add(SimpleConditionEvent.violated(type, type.getName() + " belongs to no bundle that Arrows names"));
            return;
        }
        Set<String> allowed = ALLOWED.get(from.get());
        for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
            JavaClass target = dependency.getTargetClass().getBaseComponentType();
            if (!isOurs(target)) {
                continue;
            }
            Optional<String> to = bundleOf(target);
            if (to.isEmpty() || !(to.equals(from) || allowed.contains(to.get()))) {
                events.add(SimpleConditionEvent.violated(
                        type, from.get() + " may not use " + to.orElse("?") + ": " + dependency.getDescription()));
            }
        }
    }

    private static void checkInternals(JavaClass type, ConditionEvents events) {
        for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
            JavaClass target = dependency.getTargetClass().getBaseComponentType();
            boolean internal = (target.getPackageName() + ".").contains(".internal.");
            if (isOurs(target) && internal && !bundleOf(target).equals(bundleOf(type))) {
                events.add(SimpleConditionEvent.violated(type, dependency.getDescription()));
            }
        }
    }
}
