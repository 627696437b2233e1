package org.openvrg.qemu.libvirt;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** The other end of a connection to libvirt, which says what a test wants; it serves one client. */
final class ScriptedDaemon implements AutoCloseable {
    static final int REMOTE = 0x20008086;
    static final int QEMU = 0x20008087;
    static final int LOOKUP = 24;
    static final int EVENT = 6;
    static final UUID VM = UUID.fromString("11111111-0d29-4a4c-9a3b-0c7c6b1d9a10");

    private final ServerSocketChannel listener;
    private final Path path;
    private final CountDownLatch over = new CountDownLatch(1);
    private SocketChannel channel;
    private DataInputStream in;

    /** What a client asked for. */
    record Call(int program, int procedure, int serial, Xdr.Reader arguments) {}

    /** What the daemon does. */
    interface Script {
        void play(ScriptedDaemon daemon) throws IOException;
    }

    ScriptedDaemon(Path path, Script script) throws IOException {
        this.path = path;
        this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(path));
        CompletableFuture.runAsync(() -> serve(script));
    }

    private void serve(Script script) {
        try (SocketChannel accepted = listener.accept()) {
            channel = accepted;
            in = new DataInputStream(Channels.newInputStream(accepted));
            script.play(this);
            over.await();
        } catch (IOException e) {
            // the client has had enough, which is what is tested
            over.countDown();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    LibvirtUri uri() {
        return LibvirtUri.parse("qemu+unix:///system?socket=" + path);
    }

    Call next() throws IOException {
        byte[] message = new byte[in.readInt() - 4];
        in.readFully(message);
        ByteBuffer bytes = ByteBuffer.wrap(message);
        int program = bytes.getInt();
        bytes.getInt();
        int procedure = bytes.getInt();
        bytes.getInt();
        int serial = bytes.getInt();
        bytes.getInt();
        return new Call(program, procedure, serial, new Xdr.Reader(bytes));
    }

    void say(int program, int procedure, int type, int serial, int status, Xdr.Writer payload) throws IOException {
        byte[] bytes = payload.bytes();
        ByteBuffer message = ByteBuffer.allocate(28 + bytes.length);
        message.putInt(message.capacity()).putInt(program).putInt(1).putInt(procedure);
        message.putInt(type).putInt(serial).putInt(status).put(bytes);
        raw(message.array());
    }

    void raw(byte[] bytes) throws IOException {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
            channel.write(rest);
        }
    }

    void answer(Call call, Xdr.Writer payload) throws IOException {
        say(call.program(), call.procedure(), 1, call.serial(), 0, payload);
    }

    void refuse(Call call, int code, String message) throws IOException {
        Xdr.Writer error = new Xdr.Writer().word(code).word(10).word(1).string(message);
        say(call.program(), call.procedure(), 1, call.serial(), 1, error);
    }

    void answerRun(Call call, int id) throws IOException {
        answer(call, new Xdr.Writer().domain(new LibvirtDomain("a\"$(x)", VM, id)));
    }

    void event(String name, String details) throws IOException {
        Xdr.Writer message =
                new Xdr.Writer().word(0).domain(new LibvirtDomain("a", VM, 7)).string(name);
        say(QEMU, EVENT, 2, 0, 0, message.word(0).word(1).word(2).word(1).string(details));
    }

    /** Takes a client until it has agreed, the domain being in run 7. */
    ScriptedDaemon agreed() throws IOException {
        answer(next(), new Xdr.Writer().word(1).word(0));
        answer(next(), new Xdr.Writer());
        answerRun(next(), 7);
        answer(next(), new Xdr.Writer().word(0));
        answerRun(next(), 7);
        return this;
    }

    /** The command of a call at the monitor. */
    static String command(Call call) throws IOException {
        call.arguments().domain();
        return call.arguments().string();
    }

    static Xdr.Writer text(String text) {
        return new Xdr.Writer().string(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
        over.countDown();
        listener.close();
    }
}
