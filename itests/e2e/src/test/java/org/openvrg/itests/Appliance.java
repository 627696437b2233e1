package org.openvrg.itests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * One appliance, unpacked from the distribution into a folder and run as a process of its own. All state is in the
 * folder; it can be stopped or killed and started again. Not thread-safe, but for {@link #rest}.
 */
public final class Appliance implements AutoCloseable {
    /** Longest start that is waited for. */
    public static final Duration START = Duration.ofMinutes(3);

    private static final Duration STOP = Duration.ofSeconds(30);
    private static final int TAIL_LINES = 60;

    private final Path home;
    private final int httpPort;
    private final int httpsPort;
    private final String password;
    private final Map<String, Map<String, String>> configuration = new TreeMap<>();
    private final Rest rest;
    private List<String> launcher = List.of();
    private Optional<String> javaOption = Optional.empty();
    private Optional<Process> process = Optional.empty();

    /**
     * Unpacks the distribution.
     *
     * @param home a folder that does not exist yet
     */
    Appliance(Path home, int httpPort, String password) throws IOException, InterruptedException {
        this.home = home;
        this.httpPort = httpPort;
        this.httpsPort = Ports.free(1)[0];
        this.password = password;
        this.rest = new Rest(httpPort, password);
        Files.createDirectories(home);
        String archive = System.getProperty("vrg.distribution");
        Tools.succeed(
                Duration.ofMinutes(1), List.of("tar", "-xzf", archive, "-C", home.toString(), "--strip-components=1"));
        Files.createDirectories(home.resolve("volumes"));
        Files.createDirectories(home.resolve("datastore"));
        configure("org.openvrg.https", "directory", "${karaf.data}/https");
        configure("org.openvrg.https", "port", httpsPort);
    }

    /** Folder of the appliance. */
    public Path home() {
        return home;
    }

    /** Port of HTTPS on loopback. */
    public int httpsPort() {
        return httpsPort;
    }

    /** Port of plain HTTP on loopback. */
    public int httpPort() {
        return httpPort;
    }

    /** Password of the user admin at first start. */
    public String password() {
        return password;
    }

    /** REST client with the user admin. */
    public Rest rest() {
        return rest;
    }

    /** Sets a key of {@code etc/<pid>.cfg}; read at the next start. A file named here is written anew as a whole. */
    public void configure(String pid, String key, Object value) {
        configuration.computeIfAbsent(pid, unused -> new TreeMap<>()).put(key, value.toString());
    }

    /** Puts a command before the one that starts the process; it has to become that process. */
    public void launchBy(List<String> command) {
        launcher = List.copyOf(command);
    }

    /** Gives the JVM a further option, from the next start on. */
    public void javaOption(String option) {
        javaOption = Optional.of(option);
    }

    /** Starts the process and waits until REST answers. */
    public void start() throws IOException {
        launch();
        awaitReady();
    }

    /** Writes what {@link #configure} set, which an appliance that runs takes up. */
    public void writeConfiguration() throws IOException {
        for (Map.Entry<String, Map<String, String>> file : configuration.entrySet()) {
            String text = file.getValue().entrySet().stream()
                    .map(entry -> entry.getKey() + " = " + entry.getValue() + "\n")
                    .collect(Collectors.joining());
            Files.writeString(home.resolve("etc").resolve(file.getKey() + ".cfg"), text);
        }
    }

    /** Writes {@code etc/<pid>.cfg} at once and all or nothing, while the appliance runs or before. */
    public void configureNow(String pid, Map<String, Object> values) throws IOException {
        String text = values.entrySet().stream()
                .map(entry -> entry.getKey() + " = " + entry.getValue() + "\n")
                .collect(Collectors.joining());
        Path next = Files.writeString(home.resolve(pid + ".next"), text);
        Files.move(next, home.resolve("etc").resolve(pid + ".cfg"), StandardCopyOption.REPLACE_EXISTING);
    }

    /** A plug-in that ships with the appliance, not started by itself: its JAR in {@code plugins/}. */
    public Path plugIn(String bundle) {
        return home.resolve("plugins").resolve(bundle + "-" + System.getProperty("vrg.version") + ".jar");
    }

    /** Starts the process only. */
    public void launch() throws IOException {
        writeConfiguration();
        Path console = home.resolve("data/log/console.log");
        Files.createDirectories(console.getParent());
        List<String> command = new ArrayList<>(launcher);
        command.addAll(List.of(home.resolve("bin/karaf").toString(), "server"));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(console.toFile()));
        builder.environment().put("KARAF_EXEC", "exec"); // so that this child is the JVM itself
        javaOption.ifPresent(option -> builder.environment().put("EXTRA_JAVA_OPTS", option));
        Process started = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
        process = Optional.of(started);
    }

    /** Waits until REST answers. */
    public void awaitReady() {
        Await.until(START, () -> home.getFileName() + " answers\n" + tail(), () -> {
            if (!running()) {
                throw new IOException("the process ended");
            }
            return rest.answers();
        });
    }

    /** Whether the process lives. */
    public boolean running() {
        return process.map(Process::isAlive).orElse(false);
    }

    /** kill -9. */
    public void kill() {
        process.ifPresent(started -> started.destroyForcibly().onExit().join());
    }

    /** SIGSTOP: the process lives, holds its connections, and does nothing. */
    public void pause() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** SIGCONT: ends {@link #pause}. */
    public void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        Tools.succeed(STOP, List.of("kill", "-" + name, Long.toString(pid())));
    }

    /** Process id of the JVM. */
    public long pid() {
        return process.orElseThrow(() -> new IllegalStateException(home.getFileName() + " was never started"))
                .pid();
    }

    /** SIGTERM, as a supervisor stops it. */
    public void stop() throws InterruptedException {
        if (process.isEmpty()) {
            return;
        }
        process.get().destroy();
        if (!process.get().waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
            kill();
            throw new AssertionError(home.getFileName() + " did not stop within " + STOP + "\n" + tail());
        }
    }

    /** Drops a bundle into {@code deploy/}, all or nothing. */
    public void deploy(Path jar) throws IOException {
        Path temporary = home.resolve(jar.getFileName().toString());
        Files.copy(jar, temporary);
        Files.move(temporary, home.resolve("deploy").resolve(jar.getFileName()));
    }

    /** Takes a bundle out of {@code deploy/}. */
    public void undeploy(Path jar) throws IOException {
        Files.delete(home.resolve("deploy").resolve(jar.getFileName()));
    }

    /** The whole log. */
    public String log() throws IOException {
        Path file = home.resolve("data/log/vrg.log");
        return Files.exists(file) ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8) : "";
    }

    /** The end of console and log, for failures. */
    public String tail() {
        StringBuilder text = new StringBuilder();
        for (String name : List.of("console.log", "vrg.log")) {
            Path file = home.resolve("data/log").resolve(name);
            if (Files.exists(file)) {
                try {
                    List<String> lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                            .lines()
                            .toList();
                    text.append("--- end of ").append(file).append('\n');
                    lines.stream().skip(Math.max(0, lines.size() - TAIL_LINES)).forEach(line -> text.append(line)
                            .append('\n'));
                } catch (IOException e) {
                    text.append(file).append(": ").append(e).append('\n');
                }
            }
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return home.getFileName() + " at " + httpPort + (password.isEmpty() ? " without password" : "");
    }

    @Override
    public void close() {
        kill();
    }
}
