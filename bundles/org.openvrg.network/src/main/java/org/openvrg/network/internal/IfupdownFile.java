package org.openvrg.network.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * ifupdown: the {@code iface} stanza of the interface, in {@code interfaces} or in {@code interfaces.d} beside it, gets
 * the new address and gateway in the place of its own. All other lines stay as they are, comments and further stanzas
 * included (interfaces(5)). Without such a stanza one is appended to {@code interfaces}.
 */
final class IfupdownFile implements Persistence {
    private static final Pattern BLANKS = Pattern.compile("\\s+");
    private static final Set<String> STANZAS =
            Set.of("iface", "auto", "mapping", "source", "source-directory", "rename", "no-auto-down", "no-scripts");
    /** Options that tell what the new lines tell, or that belong to the way an address was had before. */
    private static final Set<String> REPLACED = Set.of(
            "address",
            "netmask",
            "gateway",
            "broadcast",
            "network",
            "metric",
            "hostname",
            "leasehours",
            "leasetime",
            "vendor",
            "client",
            "hwaddress-dhcp");

    private final Path interfaces;

    /** With the main file. */
    IfupdownFile(Path interfaces) {
        this.interfaces = interfaces;
    }

    @Override
    public void check(String device) throws IOException {
        SafeFile.checkWritable(fileOf(device));
    }

    @Override
    public void write(String device, Snapshot target) throws IOException {
        Path file = fileOf(device);
        SafeFile.write(file, changed(lines(file), device, target));
    }

    /** The file with the stanza of the interface; the main file where there is none. */
    private Path fileOf(String device) throws IOException {
        if (findStanza(lines(interfaces), device) >= 0) {
            return interfaces;
        }
        Path folder = interfaces.resolveSibling("interfaces.d");
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                    if (!file.getFileName().toString().startsWith(".") && findStanza(lines(file), device) >= 0) {
                        return file;
                    }
                }
            }
        }
        return interfaces;
    }

    private static List<String> lines(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    private static int findStanza(List<String> lines, String device) {
        for (int i = 0; i < lines.size(); i++) {
            String[] words = BLANKS.split(lines.get(i).strip());
            if (words.length >= 4 && words[0].equals("iface") && words[1].equals(device) && words[2].equals("inet")) {
                return i;
            }
        }
        return -1;
    }

    private static String changed(List<String> lines, String device, Snapshot target) {
        int at = findStanza(lines, device);
        List<String> result = new ArrayList<>(at < 0 ? lines : lines.subList(0, at));
        if (at < 0) {
            result.addAll(List.of("", "auto " + device));
        }
        result.add("iface " + device + " inet static");
        result.add("    address " + target.addresses().get(0).cidr());
        target.routes().stream().filter(Snapshot.Route::isDefault).findFirst().ifPresent(route -> {
            result.add("    gateway " + route.option("via"));
            if (!route.option("metric").isEmpty()) {
                result.add("    metric " + route.option("metric"));
            }
        });
        boolean inside = true;
        for (int i = at < 0 ? lines.size() : at + 1; i < lines.size(); i++) {
            String first = BLANKS.split(lines.get(i).strip())[0];
            inside = inside && !STANZAS.contains(first) && !first.startsWith("allow-");
            if (!inside || !REPLACED.contains(first)) {
                result.add(lines.get(i));
                continue;
            }
            while (lines.get(i).endsWith("\\") && i + 1 < lines.size()) {
                i++; // goes on in the next line
            }
        }
        return String.join("\n", result) + "\n";
    }
}
