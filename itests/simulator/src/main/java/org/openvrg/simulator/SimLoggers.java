package org.openvrg.simulator;

import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.ILoggerFactory;
import org.slf4j.Logger;
import org.slf4j.helpers.FormattingTuple;
import org.slf4j.helpers.MessageFormatter;

/**
 * Loggers of the product: what they are told goes into the trace of the run. A programming error that the product
 * catches and logs is a violation all the same. Thread-safe.
 */
public final class SimLoggers implements ILoggerFactory {
    private static final ThreadLocal<Sim> RUN = new ThreadLocal<>();

    private final Map<String, Logger> loggers = new ConcurrentHashMap<>();

    /** Without a run. */
    public SimLoggers() {}

    /** Logs of this thread belong to a run from here on. */
    static void use(Sim sim) {
        RUN.set(sim);
    }

    /** The run is over. */
    static void forget() {
        RUN.remove();
    }

    @Override
    public Logger getLogger(String name) {
        return loggers.computeIfAbsent(name, SimLoggers::make);
    }

    private static Logger make(String name) {
        String shortName = name.substring(name.lastIndexOf('.') + 1);
        return (Logger) Proxy.newProxyInstance(
                SimLoggers.class.getClassLoader(),
                new Class<?>[] {Logger.class},
                (proxy, method, arguments) -> invoke(shortName, method, arguments));
    }

    private static Object invoke(String name, Method method, Object[] arguments) {
        Sim sim = RUN.get();
        String level = method.getName();
        if (level.equals("getName")) {
            return name;
        }
        boolean wanted = sim != null && (level.contains("rror") || sim.tracing());
        if (method.getReturnType() == boolean.class) {
            return wanted && !level.contains("race") && !level.contains("ebug");
        }
        if (wanted && name.charAt(0) >= 'A' && arguments[0] instanceof String text) {
            log(sim, name, level, format(text, arguments));
        }
        return null;
    }

    private static FormattingTuple format(String text, Object[] arguments) {
        if (arguments.length == 2 && arguments[1] instanceof Object[] many) {
            return MessageFormatter.arrayFormat(text, many);
        }
        Object[] few = new Object[arguments.length - 1];
        System.arraycopy(arguments, 1, few, 0, few.length);
        return MessageFormatter.arrayFormat(text, few);
    }

    private static void log(Sim sim, String name, String level, FormattingTuple line) {
        if (level.equals("debug") || level.equals("trace")) {
            return;
        }
        Throwable thrown = line.getThrowable();
        sim.trace(() -> "    " + level + " " + name + ": " + line.getMessage() + (thrown == null ? "" : " " + thrown));
        if (level.equals("error") && thrown instanceof RuntimeException && !(thrown instanceof UncheckedIOException)) {
            sim.fail(new Violation("the product caught " + thrown + ": " + line.getMessage(), thrown));
        } else if (level.equals("error") && thrown instanceof Violation violation) {
            sim.fail(violation);
        }
    }
}
