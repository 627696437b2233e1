package org.openvrg.qemu.wire;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The standard input and output of a child process, which ends with the connection. */
final class CommandWire implements Wire {
    private static final long EXIT_MILLIS = 1_000;

    private final List<String> command;
    private Optional<Process> process = Optional.empty();
    private boolean closed;

    CommandWire(List<String> command) {
        this.command = command;
    }

    @Override
    public synchronized void connect() throws IOException {
        if (closed) {
            throw new IOException("closed before it was started");
        }
        process = Optional.of(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start());
    }

    private synchronized Process started() throws IOException {
        return process.orElseThrow(() -> new IOException("not connected"));
    }

    @Override
    public int read(byte[] target) throws IOException {
        Process child = started();
        InputStream in = child.getInputStream();
        int got = in.read(target);
        if (got < 0) {
            throw new IOException(ending(child));
        }
        return got;
    }

    private String ending(Process child) {
        try {
            if (child.waitFor(EXIT_MILLIS, TimeUnit.MILLISECONDS)) {
                return "the command " + command.get(0) + " ended with code " + child.exitValue();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return "the command " + command.get(0) + " closed its output";
    }

    @Override
    public void write(byte[] source) throws IOException {
        OutputStream out = started().getOutputStream();
        out.write(source);
        out.flush();
    }

    /** Kills the process with its children, since a stream that another thread reads can't be closed under it. */
    @Override
    public synchronized void close() {
        closed = true;
        process.ifPresent(child -> {
            child.descendants().forEach(ProcessHandle::destroyForcibly);
            child.destroyForcibly();
        });
    }
}
