package org.openvrg.control.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the user {@code admin} where no user exists yet. */
final class FirstUser {
    /** Name of the first user. */
    static final String NAME = "admin";

    /** Name of the file, beside the database, that a password made at random is left in. */
    static final String GENERATED_FILE = "admin-password";

    private static final int PASSWORD_BYTES = 18;
    private static final int MAX_FILE_BYTES = 4096;
    private static final Logger LOG = LoggerFactory.getLogger(FirstUser.class);

    private FirstUser() {}

    /**
     * Makes the user, unless there is one.
     *
     * @param passwordFile file with the password in plain text; when it is not configured, one is made at random and
     *     left in {@code directory}; when it is configured but missing or empty, no user is made
     */
    static void ensure(Users users, Optional<Path> passwordFile, Path directory) {
        if (!users.isEmpty()) {
            return;
        }
        try {
            Optional<String> password =
                    passwordFile.isPresent() ? read(passwordFile.get()) : Optional.of(generated(directory));
            if (password.isEmpty()) {
                LOG.error(
                        "nobody can log in: there is no user yet, and the file of admin-password-file ({}) is missing"
                                + " or empty; write the password of {} into it and restart",
                        passwordFile.get(),
                        NAME);
                return;
            }
            users.create(NAME, PasswordPolicy.sha256(password.get()));
            LOG.info("made the first user {}", NAME);
        } catch (IOException e) {
            throw new IllegalStateException("the password of the first user can't be read or written", e);
        }
    }

    private static Optional<String> read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw new IOException("the password file " + file + " has more than " + MAX_FILE_BYTES + " bytes");
        }
        String password = Files.readString(file, StandardCharsets.UTF_8).replaceFirst("\\R+\\z", "");
        return password.isEmpty() ? Optional.empty() : Optional.of(password);
    }

    /** The file is complete on disk before the account is, so that a crash in between leaves a usable password. */
    private static String generated(Path directory) throws IOException {
        Path file = directory.resolve(GENERATED_FILE);
        Optional<String> left = read(file);
        if (left.isPresent()) {
            return left.get();
        }
        byte[] bytes = new byte[PASSWORD_BYTES];
        new SecureRandom().nextBytes(bytes);
        String password = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        Files.deleteIfExists(file);
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer line = ByteBuffer.wrap((password + "\n").getBytes(StandardCharsets.UTF_8));
            while (line.hasRemaining()) {
                channel.write(line);
            }
            channel.force(true);
        }
        LOG.warn("no admin-password-file is configured: the password of {} was made at random, see {}", NAME, file);
        return password;
    }
}
