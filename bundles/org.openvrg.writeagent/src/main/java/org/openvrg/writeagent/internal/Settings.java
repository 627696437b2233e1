package org.openvrg.writeagent.internal;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Validated configuration of the writeagent.
 *
 * @param listen where gateways connect
 * @param directory where state is kept
 * @param trustedFingerprints 64 lower-case hex digits each
 * @param pairingSecretFile file with the pairing secret, where one is used
 */
record Settings(
        InetSocketAddress listen, Path directory, Set<String> trustedFingerprints, Optional<Path> pairingSecretFile) {
    private static final int MAX_PORT = 65_535;
    private static final int MIN_SECRET_BYTES = 8;
    private static final int MAX_SECRET_BYTES = 4096;
    private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");

    /** Reads the configuration; absent texts are empty. */
    static Settings of(String address, int port, String directory, String fingerprints, String secretFile) {
        if (port < 0 || port > MAX_PORT) {
            throw new IllegalArgumentException(
                    "port is " + port + ", it must be 1.." + MAX_PORT + " or 0 for a free one");
        }
        if (directory.isBlank()) {
            throw new IllegalArgumentException("directory is empty, it must be the path of a folder");
        }
        Set<String> trusted = Arrays.stream(fingerprints.split(","))
                .map(one -> one.replace(":", "").strip().toLowerCase(Locale.ROOT))
                .filter(one -> !one.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
        for (String one : trusted) {
            if (!FINGERPRINT.matcher(one).matches()) {
                throw new IllegalArgumentException("trusted-fingerprints holds '" + one
                        + "', each must be the SHA-256 of a certificate in 64 hex digits");
            }
        }
        try {
            return new Settings(
                    new InetSocketAddress(InetAddress.getByName(address.strip()), port),
                    Path.of(directory.strip()).toAbsolutePath().normalize(),
                    trusted,
                    secretFile.isBlank() ? Optional.empty() : Optional.of(Path.of(secretFile.strip())));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("address is '" + address + "', it must be an address of this host", e);
        }
    }

    /** The pairing secret without the white space around it, read anew. */
    Optional<byte[]> readSecret() {
        if (pairingSecretFile.isEmpty()) {
            return Optional.empty();
        }
        try {
            byte[] secret = Files.readString(pairingSecretFile.get()).strip().getBytes(StandardCharsets.UTF_8);
            if (secret.length < MIN_SECRET_BYTES || secret.length > MAX_SECRET_BYTES) {
                throw new IllegalArgumentException("the file of pairing-secret-file holds " + secret.length
                        + " bytes, it must hold " + MIN_SECRET_BYTES + " to " + MAX_SECRET_BYTES);
            }
            return Optional.of(secret);
        } catch (IOException e) {
            throw new IllegalArgumentException("the file of pairing-secret-file can't be read", e);
        }
    }
}
