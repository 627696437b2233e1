package org.openvrg.itests.kvm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.openvrg.itests.Tools;

/** An authority with a server on loopback and a client, made by OpenSSL. */
final class TlsKeys {
    private final Path folder;

    /** Makes the keys in a folder of their own. */
    TlsKeys(Path folder) throws IOException, InterruptedException {
        this.folder = Files.createDirectories(folder);
        make("ca", "basicConstraints=critical,CA:true", "-x509", "-days", "2");
        signed("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth");
        signed("client", "extendedKeyUsage=clientAuth");
        Files.writeString(file("password"), "only-for-tests\n");
        Tools.openssl(List.of(
                "pkcs12",
                "-export",
                "-in",
                file("client.pem").toString(),
                "-inkey",
                file("client.key").toString(),
                "-passout",
                "file:" + file("password"),
                "-out",
                file("client.p12").toString()));
    }

    /** One of the files: {@code ca.pem}, {@code server.pem}, {@code server.key}, {@code client.p12}, {@code password}. */
    Path file(String name) {
        return folder.resolve(name);
    }

    private void make(String name, String extensions, String... options) throws IOException, InterruptedException {
        Files.writeString(
                file(name + ".cnf"),
                "[req]\nprompt=no\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\nCN=" + name + "\n[ext]\n"
                        + extensions + "\n");
        List<String> command = new java.util.ArrayList<>(List.of("req", "-new", "-newkey", "ec"));
        command.addAll(List.of("-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"));
        command.addAll(List.of("-config", file(name + ".cnf").toString()));
        command.addAll(List.of("-keyout", file(name + ".key").toString()));
        command.addAll(List.of(
                "-out",
                file(options.length == 0 ? name + ".csr" : name + ".pem").toString()));
        command.addAll(List.of(options));
        Tools.openssl(command);
    }

    private void signed(String name, String extensions) throws IOException, InterruptedException {
        make(name, extensions);
        List<String> command = new java.util.ArrayList<>(List.of("x509", "-req", "-days", "2"));
        command.addAll(List.of(
                "-in", file(name + ".csr").toString(), "-CA", file("ca.pem").toString()));
        command.addAll(List.of("-CAkey", file("ca.key").toString(), "-CAcreateserial", "-extensions", "ext"));
        command.addAll(List.of(
                "-extfile",
                file(name + ".cnf").toString(),
                "-out",
                file(name + ".pem").toString()));
        Tools.openssl(command);
    }
}
