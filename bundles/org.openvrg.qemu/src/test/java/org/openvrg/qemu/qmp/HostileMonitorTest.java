package org.openvrg.qemu.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openvrg.qemu.qmp.QmpException.Kind;

/** A monitor that says anything but what it should: the client ends with an error, never hangs, never fills memory. */
class HostileMonitorTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final String GREETING = "{\"QMP\":{\"version\":{},\"capabilities\":[\"oob\"]}}\r\n";
    private static final String AGREED = "{\"return\":{},\"id\":\"vrg-1\"}\r\n";

    private final CountDownLatch over = new CountDownLatch(1);
    private ServerSocket listener;

    private interface Script {
        void play(BufferedReader in, OutputStream out) throws IOException, InterruptedException;
    }

    @BeforeEach
    void listen() throws IOException {
        listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        over.countDown();
        listener.close();
    }

    private CompletableFuture<Void> serve(Script script) {
        return CompletableFuture.runAsync(() -> {
            try (Socket socket = listener.accept()) {
                script.play(
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)),
                        socket.getOutputStream());
                over.await();
            } catch (IOException e) {
                // the client has had enough, which is what is tested
                assertTrue(e.getMessage() != null);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }

    private static void say(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private QmpClient open(Duration timeout, QmpListener recorder) throws QmpException {
        return QmpClient.open(
                QmpAddress.tcp(new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort())),
                timeout,
                recorder);
    }

    /** A client that got through the handshake, after which the server goes on with its script. */
    private QmpClient agreed(Recorder recorder, Script script) throws QmpException {
        CompletableFuture<Void> served = serve((in, out) -> {
            say(out, GREETING);
            in.readLine();
            say(out, AGREED);
            script.play(in, out);
        });
        assertFalse(served.isCompletedExceptionally());
        return open(SOON, recorder);
    }

    @Test
    void silenceInsteadOfTheGreeting() {
        serve((in, out) -> {});
        assertEquals(
                Kind.TIMEOUT,
                assertThrows(QmpException.class, () -> open(SHORT, QmpListener.NONE))
                        .kind());
    }

    @Test
    void garbageInsteadOfTheGreeting() {
        for (String text : new String[] {"\0\1\2\n", "[]\n", "{\"QMP\":1}\n", "{\n", "\n", "\"QMP\"\n"}) {
            serve((in, out) -> say(out, text));
            assertEquals(
                    Kind.PROTOCOL,
                    assertThrows(QmpException.class, () -> open(SOON, QmpListener.NONE), text)
                            .kind());
        }
    }

    @Test
    void aLineWithoutEnd() throws Exception {
        Recorder recorder = new Recorder();
        byte[] piece = new byte[1 << 20];
        Arrays.fill(piece, (byte) ' ');
        try (QmpClient client = agreed(recorder, (in, out) -> {
            for (int i = 0; i < 1000; i++) {
                out.write(piece);
            }
        })) {
            String reason = recorder.end();
            assertTrue(reason.contains(QmpClient.MAX_LINE_BYTES + " bytes"), reason);
            assertFalse(client.isOpen());
        }
    }

    @Test
    void nestingWithoutEnd() throws Exception {
        Recorder recorder = new Recorder();
        try (QmpClient client = agreed(recorder, (in, out) -> say(out, "{\"a\":".repeat(200_000) + "\n"))) {
            assertTrue(recorder.end().contains("not JSON"));
            assertFalse(client.isOpen());
        }
    }

    @Test
    void anAnswerThatNobodyAskedFor() throws Exception {
        Recorder recorder = new Recorder();
        try (QmpClient client = agreed(recorder, (in, out) -> say(out, "{\"return\":{},\"id\":\"vrg-9\"}\n"))) {
            assertTrue(recorder.end().contains("nothing that was asked"));
            assertFalse(client.isOpen());
        }
    }

    @Test
    void silenceInsteadOfAnAnswerHoldsUpNeitherTheCallerNorClose() throws Exception {
        Recorder recorder = new Recorder();
        try (QmpClient client = agreed(recorder, (in, out) -> {})) {
            for (int i = 0; i < QmpClient.MAX_IN_BAND + 3; i++) {
                QmpException late = assertThrows(
                        QmpException.class, () -> client.execute("stop", QmpClient.arguments(), Duration.ofMillis(50)));
                assertEquals(Kind.TIMEOUT, late.kind());
            }
            // past all those that hang in band
            QmpException late = assertThrows(
                    QmpException.class, () -> client.executeOutOfBand("yank", QmpClient.arguments(), SHORT));
            assertTrue(late.getMessage().contains("did not answer yank"), late.getMessage());
            CompletableFuture<QmpException> hanging = CompletableFuture.supplyAsync(() -> assertThrows(
                    QmpException.class, () -> client.executeOutOfBand("yank", QmpClient.arguments(), SOON)));
            assertTimeoutPreemptively(SOON, client::close);
            assertEquals(
                    Kind.CONNECTION,
                    hanging.get(SOON.toSeconds(), TimeUnit.SECONDS).kind());
            assertTrue(recorder.end().contains("closed"));
        }
    }

    @Test
    void aLateAnswerIsDroppedAndTheConnectionGoesOn() throws Exception {
        CountDownLatch late = new CountDownLatch(1);
        try (QmpClient client = agreed(new Recorder(), (in, out) -> {
            in.readLine();
            late.await();
            say(out, "{\"return\":{\"late\":1},\"id\":\"vrg-2\"}\r\n");
            in.readLine();
            say(out, "{\"return\":{\"running\":true},\"id\":\"vrg-3\"}\r\n");
        })) {
            assertThrows(QmpException.class, () -> client.execute("stop", QmpClient.arguments(), SHORT));
            late.countDown();
            assertTrue(client.execute("query-status", QmpClient.arguments(), SOON)
                    .path("running")
                    .asBoolean());
        }
    }

    @Test
    void aListenerMayNotExecute() throws Exception {
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        CountDownLatch listening = new CountDownLatch(1);
        try (QmpClient client = agreed(new Recorder(), (in, out) -> {
            listening.await();
            say(out, "{\"event\":\"STOP\"}\n");
        })) {
            client.addListener(new QmpListener() {
                @Override
                public void event(QmpEvent event) {
                    thrown.complete(assertThrows(IllegalStateException.class, () -> client.execute("cont")));
                }
            });
            listening.countDown();
            assertTrue(
                    thrown.get(SOON.toSeconds(), TimeUnit.SECONDS).getMessage().contains("listener"));
        }
    }
}
