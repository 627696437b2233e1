package org.openvrg.platform.xen;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Function;

/** A monitor that answers each command with what a function makes of it, one client after the other. */
final class ScriptedMonitor implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ServerSocketChannel server;
    private final Function<JsonNode, JsonNode> answers;

    ScriptedMonitor(Path socket, Function<JsonNode, JsonNode> answers) throws IOException {
        this.answers = answers;
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread thread = new Thread(this::run, "scripted-monitor");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        while (server.isOpen()) {
            try (SocketChannel client = server.accept()) {
                serve(client);
            } catch (IOException e) {
                // the client or the test has ended
            }
        }
    }

    private void serve(SocketChannel client) throws IOException {
        write(client, "{\"QMP\":{\"version\":{},\"capabilities\":[]}}");
        BufferedReader lines = new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode command = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode();
            answer.set("return", answers.apply(command));
            answer.set("id", command.get("id"));
            write(client, answer.toString());
        }
    }

    private static void write(SocketChannel client, String line) throws IOException {
        client.write(StandardCharsets.UTF_8.encode(line + "\r\n"));
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
