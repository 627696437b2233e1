package org.openvrg.storage.dsware.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.qemu.storage.BlockLayer;
import org.openvrg.qemu.storage.BlockLayer.ToolResult;

/** Ceph's own tools {@code rbd} and {@code rados}, with the key in a private file. Thread-safe. */
final class CephTools {
    /** Name of the private configuration file. */
    static final String CONFIGURATION = "ceph.conf";

    private static final String KEY = "key";
    private static final int NOT_FOUND = 2;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Settings settings;
    private final BlockLayer blocks;

    CephTools(Settings settings, BlockLayer blocks) {
        this.settings = settings;
        this.blocks = blocks;
    }

    /** Configuration and key, for a folder of their own. */
    Map<String, String> files(String name) throws StorageException {
        try {
            String configuration = String.join(
                    "\n",
                    "[global]",
                    "mon host = " + String.join(",", settings.monitors()),
                    "keyfile = " + KEY,
                    "log file = /dev/null",
                    "admin socket =",
                    "");
            return Map.of(
                    CONFIGURATION,
                    configuration,
                    KEY,
                    Files.readString(settings.keyFile()).strip());
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + ": key-file can't be read", e);
        }
    }

    /** What a tool answers in JSON; empty if the thing does not exist. */
    Optional<JsonNode> find(String name, String... command) throws StorageException {
        ToolResult result = start(name, command);
        if (result.code() == NOT_FOUND || (result.code() != 0 && result.error().contains("(2) No such file"))) {
            return Optional.empty();
        }
        check(name, result, command);
        try {
            return Optional.of(JSON.readTree(result.output()));
        } catch (JsonProcessingException e) {
            throw new StorageException(Kind.IO, "volume " + name + ": " + command[0] + " did not answer in JSON", e);
        }
    }

    /** Runs a tool that has to succeed. */
    void run(String name, String... command) throws StorageException {
        check(name, start(name, command), command);
    }

    /** Runs a tool; whether it succeeded. */
    boolean attempt(String name, String... command) throws StorageException {
        return start(name, command).code() == 0;
    }

    private ToolResult start(String name, String... command) throws StorageException {
        List<String> whole =
                new ArrayList<>(List.of(command[0], "-c", CONFIGURATION, "-n", "client." + settings.user()));
        whole.addAll(Arrays.asList(command).subList(1, command.length));
        return blocks.run(name, files(name), whole);
    }

    private static void check(String name, ToolResult result, String... command) throws StorageException {
        if (result.code() == 0) {
            return;
        }
        String said = result.error().lines().reduce((first, second) -> second).orElse("");
        String hint = result.code() == 127 ? " (package ceph-common)" : "";
        throw new StorageException(
                Kind.IO, "volume " + name + ": " + command[0] + " " + command[1] + " failed: " + said + hint);
    }
}
