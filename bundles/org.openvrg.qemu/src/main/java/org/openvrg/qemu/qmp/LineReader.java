package org.openvrg.qemu.qmp;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.openvrg.qemu.wire.Wire;

/** Cuts what a monitor sends into lines of bounded length. Used by one thread. */
final class LineReader {
    private static final int BUFFER_BYTES = 16 << 10;

    private final Wire wire;
    private final int maxLineBytes;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;

    LineReader(Wire wire, int maxLineBytes) {
        this.wire = wire;
        this.maxLineBytes = maxLineBytes;
    }

    /**
     * The next line, without its end.
     *
     * @throws IOException at the end of the stream, too
     * @throws QmpException when the line is longer than allowed
     */
    String next() throws IOException, QmpException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            if (position == limit) {
                fill();
            }
            int end = position;
            while (end < limit && buffer[end] != '\n') {
                end++;
            }
            if (line.size() + end - position > maxLineBytes) {
                throw new QmpException(
                        QmpException.Kind.PROTOCOL, "the monitor sent a line of more than " + maxLineBytes + " bytes");
            }
            line.write(buffer, position, end - position);
            position = end;
            if (end < limit) {
                position++;
                return line.toString(StandardCharsets.UTF_8);
            }
        }
    }

    private void fill() throws IOException {
        int got = wire.read(buffer);
        if (got < 0) {
            throw new IOException("the monitor closed the connection");
        }
        position = 0;
        limit = got;
    }
}
