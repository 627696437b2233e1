package org.openvrg.rest.internal;

import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.ws.rs.HttpMethod;
import javax.ws.rs.Path;

/**
 * Which methods a path has, for the header {@code Allow} of a 405 (RFC 9110, 15.5.6). The JAX-RS implementation puts
 * the methods of all resources there. Immutable.
 */
final class AllowedMethods {
    private static final Pattern TEMPLATE = Pattern.compile("\\{[^}]*}");

    private final Map<String, Set<String>> methods = new TreeMap<>();

    /** Of resource objects; what has no {@link Path} is passed over. */
    AllowedMethods(Collection<Object> resources) {
        for (Object resource : resources) {
            Path root = resource.getClass().getAnnotation(Path.class);
            if (root != null) {
                for (Method method : resource.getClass().getMethods()) {
                    add(root.value(), method);
                }
            }
        }
    }

    private void add(String root, Method method) {
        for (Annotation annotation : method.getAnnotations()) {
            HttpMethod verb = annotation.annotationType().getAnnotation(HttpMethod.class);
            if (verb != null) {
                Path own = method.getAnnotation(Path.class);
                String path = root + (own == null ? "" : "/" + own.value());
                Set<String> there =
                        methods.computeIfAbsent(TEMPLATE.matcher(path).replaceAll("[^/]+"), unused -> new TreeSet<>());
                there.add(verb.value());
                if (verb.value().equals(HttpMethod.GET)) {
                    there.add(HttpMethod.HEAD);
                }
            }
        }
    }

    /** The methods of a path, without the base of the application; empty when it is none of these resources'. */
    Set<String> of(String path) {
        String plain = path.replaceAll("^/+|/+$", "");
        Set<String> found = new TreeSet<>();
        methods.forEach((pattern, verbs) -> {
            if (plain.matches(pattern)) {
                found.addAll(verbs);
            }
        });
        return found;
    }
}
