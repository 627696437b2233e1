package org.openvrg.nbd;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs with a deadline. */
public final class Tools {
    private static final long DEADLINE_SECONDS = 60;

    private Tools() {}

    /** How a program ended, with all that it printed. */
    public record Result(int exit, String output) {}

    /** Fails, naming the Debian package, unless the program is there. */
    public static void require(String program, String debianPackage) {
        boolean found = program.startsWith("/")
                ? Files.isExecutable(Path.of(program))
                : List.of(System.getenv("PATH").split(File.pathSeparator)).stream()
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
        if (!found) {
            throw new AssertionError(program + " is missing: apt-get install " + debianPackage);
        }
    }

    /** Runs to success. */
    public static String run(String... command) throws IOException, InterruptedException {
        Result result = attempt(command);
        if (result.exit() != 0) {
            throw new AssertionError(
                    String.join(" ", command) + " ended with " + result.exit() + ":\n" + result.output());
        }
        return result.output();
    }

    /** Runs to whatever end. */
    public static Result attempt(String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("nbd-tool", ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
                throw new AssertionError(String.join(" ", command) + " did not end:\n" + Files.readString(output));
            }
            return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
