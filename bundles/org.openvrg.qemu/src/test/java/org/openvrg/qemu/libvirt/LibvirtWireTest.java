package org.openvrg.qemu.libvirt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.qemu.libvirt.ScriptedDaemon.Call;
import org.openvrg.qemu.libvirt.ScriptedDaemon.Script;
import org.openvrg.qemu.qmp.QmpAddress;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpEvent;
import org.openvrg.qemu.qmp.QmpException;
import org.openvrg.qemu.qmp.QmpException.Kind;
import org.openvrg.qemu.qmp.QmpListener;

/** A monitor through a daemon, which may say anything: the client ends with an error, never hangs, never fills memory. */
class LibvirtWireTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofMillis(300);

    @TempDir
    Path folder;

    private final BlockingQueue<QmpEvent> events = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

    private final QmpListener listener = new QmpListener() {
        @Override
        public void event(QmpEvent event) {
            events.add(event);
        }

        @Override
        public void closed(String reason) {
            ends.add(reason);
        }
    };

    private ScriptedDaemon daemon(Script script) throws IOException {
        return new ScriptedDaemon(folder.resolve("s"), script);
    }

    private QmpClient open(ScriptedDaemon daemon, Duration timeout) throws QmpException {
        LibvirtDomain domain = new LibvirtDomain("a", ScriptedDaemon.VM, 7);
        return QmpClient.open(
                QmpAddress.libvirt(LibvirtAddress.ofRun(daemon.uri(), domain), Optional.empty()), timeout, listener);
    }

    private String end() throws InterruptedException {
        return String.valueOf(ends.poll(SOON.toSeconds(), TimeUnit.SECONDS));
    }

    @Test
    void commandsAnswersErrorsAndEvents() throws Exception {
        try (ScriptedDaemon daemon = daemon(script -> {
                    script.agreed();
                    Call first = script.next();
                    String asked = ScriptedDaemon.command(first);
                    script.event("BLOCK_JOB_READY", "{\"device\":\"a\"}");
                    script.answer(first, ScriptedDaemon.text("{\"return\":" + asked + ",\"id\":\"libvirt-4\"}"));
                    script.answerRun(script.next(), 7);
                    script.answer(
                            script.next(),
                            ScriptedDaemon.text(
                                    "{\"id\": \"libvirt-5\", \"error\":{\"class\":\"X\",\"desc\":\"no\"}}"));
                    script.answerRun(script.next(), 7);
                });
                QmpClient client = open(daemon, SOON)) {
            assertFalse(client.hasOutOfBand());
            ObjectNode arguments = QmpClient.arguments().put("a", "'\"\\\n;$(x)\u00e9");
            assertEquals(
                    QmpClient.arguments().put("execute", "query-status").set("arguments", arguments),
                    client.execute("query-status", arguments, SOON));
            QmpEvent event = events.poll(SOON.toSeconds(), TimeUnit.SECONDS);
            assertEquals("BLOCK_JOB_READY", event.name());
            assertEquals("a", event.data().path("device").asText());
            QmpException refused = assertThrows(QmpException.class, () -> client.execute("stop"));
            assertEquals(Kind.REFUSED, refused.kind());
            assertEquals("X", refused.errorClass().orElseThrow());
            assertTrue(client.isOpen());
        }
    }

    @Test
    void anAnswerOfAnotherRunDoesNotCount() throws Exception {
        try (ScriptedDaemon daemon = daemon(script -> {
                    script.agreed();
                    script.answer(script.next(), ScriptedDaemon.text("{\"return\":{},\"id\":\"libvirt-4\"}"));
                    script.answerRun(script.next(), 8);
                });
                QmpClient client = open(daemon, SOON)) {
            QmpException ended = assertThrows(QmpException.class, () -> client.execute("stop"));
            assertEquals(Kind.CONNECTION, ended.kind());
            assertTrue(end().contains("started anew"));
        }
    }

    @Test
    void whatTheDaemonRefusesEndsTheConnection() throws Exception {
        try (ScriptedDaemon daemon = daemon(script -> {
                    script.agreed();
                    script.refuse(script.next(), 68, "Timed out\n\0'".repeat(1000));
                });
                QmpClient client = open(daemon, SOON)) {
            assertEquals(
                    Kind.CONNECTION,
                    assertThrows(QmpException.class, () -> client.execute("stop"))
                            .kind());
            String reason = end();
            assertTrue(reason.contains("Timed out  '") && reason.length() < 1000, reason);
        }
    }

    @Test
    void silenceHoldsUpNeitherTheCallerNorClose() throws Exception {
        try (ScriptedDaemon daemon = daemon(ScriptedDaemon::agreed);
                QmpClient client = open(daemon, SOON)) {
            for (int i = 0; i < 3; i++) {
                QmpException late =
                        assertThrows(QmpException.class, () -> client.execute("stop", QmpClient.arguments(), SHORT));
                assertEquals(Kind.TIMEOUT, late.kind());
            }
            assertTimeoutPreemptively(SOON, client::close);
            assertTrue(end().contains("closed"));
        }
    }

    @Test
    void aDaemonThatIsSilentFromTheStart() throws Exception {
        try (ScriptedDaemon daemon = daemon(script -> {})) {
            assertEquals(
                    Kind.TIMEOUT,
                    assertThrows(QmpException.class, () -> open(daemon, SHORT)).kind());
        }
    }

    @Test
    void anyOtherRunIsRefusedAtOnce() throws Exception {
        try (ScriptedDaemon daemon = daemon(script -> {
            script.answer(script.next(), new Xdr.Writer().word(0));
            script.answer(script.next(), new Xdr.Writer());
            script.answerRun(script.next(), -1);
        })) {
            QmpException gone = assertThrows(QmpException.class, () -> open(daemon, SOON));
            assertTrue(gone.getMessage().contains("does not run"), gone.getMessage());
        }
    }

    @Test
    void aDaemonThatWantsAPassword() throws Exception {
        try (ScriptedDaemon daemon = daemon(
                script -> script.answer(script.next(), new Xdr.Writer().word(1).word(1)))) {
            QmpException gone = assertThrows(QmpException.class, () -> open(daemon, SOON));
            assertTrue(gone.getMessage().contains("SASL"), gone.getMessage());
        }
    }

    @Test
    void nonsenseInsteadOfAMessage() throws Exception {
        byte[] version = ByteBuffer.allocate(28)
                .putInt(28)
                .putInt(ScriptedDaemon.REMOTE)
                .putInt(2)
                .array();
        byte[] huge = ByteBuffer.allocate(4).putInt(Integer.MAX_VALUE).array();
        byte[] negative = ByteBuffer.allocate(4).putInt(-1).array();
        byte[] text = "HTTP/1.0 400 Bad Request\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        int number = 0;
        for (byte[] bytes : new byte[][] {version, huge, negative, new byte[4], text}) {
            try (ScriptedDaemon daemon =
                    new ScriptedDaemon(folder.resolve("n" + number++), script -> script.raw(bytes))) {
                assertEquals(
                        Kind.CONNECTION,
                        assertThrows(QmpException.class, () -> open(daemon, SOON))
                                .kind());
            }
        }
    }

    @Test
    void nonsenseInsideOfAMessage() throws Exception {
        Xdr.Writer[] payloads = {
            new Xdr.Writer(),
            new Xdr.Writer().word(-1),
            new Xdr.Writer().word(5 << 20),
            new Xdr.Writer().word(9).word(0),
            ScriptedDaemon.text("{\"return\":{}}"),
            ScriptedDaemon.text("{\"return\":{},\"id\":\"mine\"}"),
            ScriptedDaemon.text("")
        };
        int number = 0;
        for (Xdr.Writer payload : payloads) {
            try (ScriptedDaemon daemon = new ScriptedDaemon(folder.resolve("m" + number++), script -> {
                        script.agreed();
                        script.answer(script.next(), payload);
                    });
                    QmpClient client = open(daemon, SOON)) {
                assertEquals(
                        Kind.CONNECTION,
                        assertThrows(QmpException.class, () -> client.execute("stop"))
                                .kind());
            }
        }
    }

    @Test
    void eventsThatAreNone() throws Exception {
        try (ScriptedDaemon daemon = daemon(script -> {
                    script.agreed();
                    script.event("A\",\"x\":\"", "{}");
                    script.event("STOP", "{\"a\":1}\n{\"event\":\"RESUME\"}");
                });
                QmpClient client = open(daemon, SOON)) {
            assertTrue(end().contains("not JSON"));
            assertTrue(events.isEmpty(), events.toString());
            assertFalse(client.isOpen());
        }
    }
}
