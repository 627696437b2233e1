package org.openvrg.itests.kvm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A monitor of a QEMU, for what is done by those who manage a host. Not the project's own client, so that nothing is
 * asked of it that the gateway does as well. One command at a time; events are passed over.
 */
final class Monitor implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SocketChannel channel;
    private final BufferedReader lines;

    /** QEMU refused a command. */
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;

        Refused(String command, String why) {
            super(command + ": " + why);
        }
    }

    private Monitor(SocketChannel channel) {
        this.channel = channel;
        this.lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
    }

    /** Connects. */
    static Monitor open(Path socket) throws IOException {
        Monitor monitor = new Monitor(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
        monitor.lines.readLine();
        monitor.execute("qmp_capabilities");
        return monitor;
    }

    /** Executes a command without arguments. */
    JsonNode execute(String command) throws IOException {
        return execute(command, "{}");
    }

    /**
     * Executes a command.
     *
     * @param arguments in JSON, with single quotes
     * @throws Refused when QEMU answers with an error
     */
    JsonNode execute(String command, String arguments) throws IOException {
        ObjectNode message = JSON.createObjectNode().put("execute", command);
        message.set("arguments", JSON.readTree(arguments.replace('\'', '"')));
        ByteBuffer bytes = ByteBuffer.wrap((message + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        while (true) {
            String line = lines.readLine();
            if (line == null) {
                throw new EOFException("QEMU ended before it answered " + command);
            }
            JsonNode answer = JSON.readTree(line);
            if (answer.has("error")) {
                throw new Refused(command, answer.path("error").path("desc").asText());
            }
            if (answer.has("return")) {
                return answer.get("return");
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
