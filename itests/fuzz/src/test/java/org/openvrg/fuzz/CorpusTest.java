package org.openvrg.fuzz;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kept input once more, without a fuzzer: what was found once is not forgotten. */
class CorpusTest {
    private static final long MOST_KEPT_BYTES = 600 * 1024;

    @ParameterizedTest
    @EnumSource(Target.class)
    void takesEveryKeptInput(Target target) throws Exception {
        Method method = Class.forName(target.className()).getMethod("fuzzerTestOneInput", byte[].class);
        List<Path> inputs = Fuzzer.files(new Fuzzer(target).kept());
        assertFalse(inputs.isEmpty(), "no input is kept of " + target.text());
        for (Path input : inputs) {
            try {
                method.invoke(null, (Object) Files.readAllBytes(input));
            } catch (InvocationTargetException e) {
                fail(target.text() + ": " + input.getFileName(), e.getCause());
            }
        }
    }

    @Test
    void whatIsKeptIsSmall() throws IOException {
        long bytes = 0;
        for (Target target : Target.values()) {
            for (Path input : Fuzzer.files(new Fuzzer(target).kept())) {
                bytes += Files.size(input);
            }
        }
        assertTrue(bytes <= MOST_KEPT_BYTES, bytes + " bytes are kept, at most " + MOST_KEPT_BYTES + " may be");
    }
}
