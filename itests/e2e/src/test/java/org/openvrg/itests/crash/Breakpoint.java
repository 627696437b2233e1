package org.openvrg.itests.crash;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.Method;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.IllegalConnectorArgumentsException;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.ClassPrepareRequest;
import com.sun.jdi.request.EventRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openvrg.itests.Await;

/**
 * A debugger's breakpoint at the entry of a method of an appliance, by JDWP. While a thread stands at it, all of the
 * process stands. For one thread.
 */
final class Breakpoint implements AutoCloseable {
    private static final Duration ATTACH = Duration.ofMinutes(1);

    private final CrashPoint point;
    private final VirtualMachine machine;
    private final Set<ReferenceType> classes = new HashSet<>();

    /** Option of a JVM that lets a debugger attach. */
    static String javaOption(int port) {
        return "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:" + port;
    }

    /** Attaches to a process and sets the breakpoint, in classes that are there and in those that come. */
    Breakpoint(int port, CrashPoint point) {
        this.point = point;
        AttachingConnector connector = Bootstrap.virtualMachineManager().attachingConnectors().stream()
                .filter(found -> found.name().equals("com.sun.jdi.SocketAttach"))
                .findFirst()
                .orElseThrow();
        Map<String, Connector.Argument> arguments = connector.defaultArguments();
        arguments.get("hostname").setValue("127.0.0.1");
        arguments.get("port").setValue(Integer.toString(port));
        VirtualMachine[] attached = new VirtualMachine[1];
        Await.until(ATTACH, () -> "a debugger attached at port " + port, () -> {
            attached[0] = attach(connector, arguments);
            return true;
        });
        this.machine = attached[0];
        ClassPrepareRequest prepared = machine.eventRequestManager().createClassPrepareRequest();
        prepared.addClassFilter(point.className());
        prepared.setSuspendPolicy(EventRequest.SUSPEND_ALL);
        prepared.enable();
        machine.classesByName(point.className()).forEach(this::stopIn);
    }

    private static VirtualMachine attach(AttachingConnector connector, Map<String, Connector.Argument> arguments)
            throws IOException {
        try {
            return connector.attach(arguments);
        } catch (IllegalConnectorArgumentsException e) {
            throw new IllegalStateException("the connector takes a host and a port", e);
        }
    }

    private void stopIn(ReferenceType type) {
        if (!type.isPrepared() || !classes.add(type)) {
            return;
        }
        List<Method> methods = type.methodsByName(point.method()).stream()
                .filter(method -> !method.isAbstract() && !method.isBridge())
                .toList();
        if (methods.isEmpty()) {
            throw new AssertionError(point + ": " + point.className() + " has no method " + point.method());
        }
        for (Method method : methods) {
            BreakpointRequest request = machine.eventRequestManager().createBreakpointRequest(method.location());
            request.setSuspendPolicy(EventRequest.SUSPEND_ALL);
            request.enable();
        }
    }

    /**
     * Waits until a thread comes to the place for the given time, and leaves the whole process standing there.
     *
     * @throws AssertionError when it does not, or the process ends before
     */
    void awaitVisit(int visit, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        int visits = 0;
        try {
            while (visits < visit) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                EventSet events = left > 0 ? machine.eventQueue().remove(left) : null;
                if (events == null) {
                    throw new AssertionError(
                            point + " was visited " + visits + " times within " + limit + ", not " + visit);
                }
                for (Event event : events) {
                    if (event instanceof BreakpointEvent) {
                        visits++;
                    } else if (event instanceof ClassPrepareEvent prepared) {
                        stopIn(prepared.referenceType());
                    }
                }
                if (visits < visit) {
                    events.resume();
                }
            }
        } catch (VMDisconnectedException e) {
            throw new AssertionError(point + " was visited " + visits + " times before the process ended", e);
        }
    }

    /** Lets the process go on, if it still lives. */
    @Override
    public void close() {
        try {
            machine.dispose();
        } catch (VMDisconnectedException e) {
            System.getLogger(Breakpoint.class.getName()).log(System.Logger.Level.DEBUG, "it was killed", e);
        }
    }
}
