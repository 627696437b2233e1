package org.openvrg.simulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A fault in the product's source: one text in place of another in one class. The class is compiled from the changed
 * source, and the simulator is run in a class loader of its own in which only this class is another one. So the product
 * has no switch for it.
 *
 * @param what what the fault does
 * @param bundle bundle of the class
 * @param type the class
 * @param text what stands in its source, exactly once
 * @param fault what stands there instead
 */
record Mutation(String what, String bundle, String type, String text, String fault) {
    private static final Path BUNDLES = Path.of("..", "..", "bundles");

    private Path source() {
        return BUNDLES.resolve(bundle).resolve("src/main/java").resolve(type.replace('.', '/') + ".java");
    }

    /** Runs seeds from 1 on until one fails; what it says, or nothing. */
    String firstFailure(Path folder, long runs) throws Exception {
        ClassLoader loader = new Loader(compile(folder));
        Method run =
                loader.loadClass("org.openvrg.simulator.Simulator").getMethod("firstFailure", long.class, long.class);
        return (String) run.invoke(null, 1L, runs);
    }

    private Map<String, byte[]> compile(Path folder) throws IOException {
        String original = Files.readString(source()).replaceAll("\\s+", " ");
        if (original.split(java.util.regex.Pattern.quote(text), -1).length != 2) {
            throw new AssertionError("the source of " + type + " does not hold exactly once: " + text);
        }
        // comments that end with their line would swallow the rest once all stands in one line
        String code =
                Files.readString(source()).replaceAll("(?m)^\\s*//.*$", "").replaceAll("(?m) // .*$", "");
        Path changed = folder.resolve(type.substring(type.lastIndexOf('.') + 1) + ".java");
        Files.writeString(changed, code.replaceAll("\\s+", " ").replace(text, fault), StandardCharsets.UTF_8);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Path classes = Files.createDirectories(folder.resolve("classes"));
        StringWriter messages = new StringWriter();
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            Iterable<? extends JavaFileObject> units = files.getJavaFileObjects(changed);
            List<String> options =
                    List.of("-proc:none", "-nowarn", "--release", "17", "-d", classes.toString(), "-classpath", path);
            if (!compiler.getTask(messages, files, null, options, null, units).call()) {
                throw new AssertionError("the changed " + type + " does not compile: " + messages);
            }
        }
        Map<String, byte[]> made = new TreeMap<>();
        try (Stream<Path> found = Files.walk(classes)) {
            for (Path file : found.filter(Files::isRegularFile).toList()) {
                String name = classes.relativize(file).toString();
                made.put(
                        name.substring(0, name.length() - ".class".length()).replace('/', '.'),
                        Files.readAllBytes(file));
            }
        }
        return made;
    }

    /** Loads the product anew, with some classes changed. */
    private static final class Loader extends ClassLoader {
        private final Map<String, byte[]> changed;

        Loader(Map<String, byte[]> changed) {
            super(Mutation.class.getClassLoader());
            this.changed = changed;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("org.openvrg.") && !name.startsWith("org.slf4j.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> present = findLoadedClass(name);
                return present != null ? present : define(name);
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            byte[] bytes = changed.get(name);
            if (bytes == null) {
                try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                    if (in == null) {
                        throw new ClassNotFoundException(name);
                    }
                    bytes = in.readAllBytes();
                } catch (IOException e) {
                    throw new ClassNotFoundException(name, e);
                }
            }
            return defineClass(name, bytes, 0, bytes.length);
        }
    }

    @Override
    public String toString() {
        return what;
    }
}
