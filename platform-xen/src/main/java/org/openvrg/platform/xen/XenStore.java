package org.openvrg.platform.xen;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openvrg.api.failure.PlatformException;

/**
 * What XenStore tells of a host's domains and their disks. Only paths are read that a guest can't write: the domain's
 * pointer to its VM, and libxl's own record of its devices. Any thread may call.
 */
final class XenStore {
    private static final String DOMAINS = "/local/domain";
    private static final String DEVICES = "/libxl";
    private static final int PATHS_AT_ONCE = 100;
    private static final Pattern VM = Pattern.compile("/vm/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})");
    private static final Pattern BACKEND =
            Pattern.compile("/libxl/([0-9]{1,5})/device/vbd/([0-9]{1,9})/backend = \"([^\"\\\\]*)\"");
    private static final Pattern EMULATED = Pattern.compile("/libxl/([0-9]{1,5})/type = \"hvm\"");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,5}");

    private final Dom0 dom0;

    XenStore(Dom0 dom0) {
        this.dom0 = dom0;
    }

    /** The VM of each domain but dom0. A domain that comes or goes meanwhile may be missing. */
    Map<Integer, UUID> domains() throws PlatformException {
        List<Integer> numbers = dom0.run("xenstore-list", DOMAINS).stream()
                .filter(line -> NUMBER.matcher(line).matches())
                .map(Integer::valueOf)
                .filter(number -> number != 0)
                .toList();
        Map<Integer, UUID> vms = new TreeMap<>();
        for (int from = 0; from < numbers.size(); from += PATHS_AT_ONCE) {
            List<Integer> some = numbers.subList(from, Math.min(numbers.size(), from + PATHS_AT_ONCE));
            if (!readAll(some, vms)) {
                readOneByOne(some, vms);
            }
        }
        return vms;
    }

    /** False if a domain of them is gone or not yet whole: nothing was read then. */
    private boolean readAll(List<Integer> numbers, Map<Integer, UUID> vms) {
        List<String> command = new ArrayList<>(List.of("xenstore-read"));
        numbers.forEach(number -> command.add(pathOf(number)));
        try {
            List<String> values = dom0.run(command.toArray(String[]::new));
            if (values.size() != numbers.size()) {
                return false;
            }
            for (int i = 0; i < values.size(); i++) {
                put(numbers.get(i), values.get(i), vms);
            }
            return true;
        } catch (PlatformException e) {
            return false;
        }
    }

    private void readOneByOne(List<Integer> numbers, Map<Integer, UUID> vms) throws PlatformException {
        PlatformException last = null;
        for (int number : numbers) {
            try {
                for (String value : dom0.run("xenstore-read", pathOf(number))) {
                    put(number, value, vms);
                }
            } catch (PlatformException e) {
                last = e;
            }
        }
        if (vms.isEmpty() && last != null) {
            throw last;
        }
    }

    private static String pathOf(int domain) {
        return DOMAINS + "/" + domain + "/vm";
    }

    private static void put(int domain, String value, Map<Integer, UUID> vms) {
        Matcher matcher = VM.matcher(value);
        if (matcher.matches()) {
            vms.put(domain, UUID.fromString(matcher.group(1)));
        }
    }

    /** What libxl made for each domain. */
    Devices devices() throws PlatformException {
        return parse(dom0.run("xenstore-ls", "-f", DEVICES));
    }

    /** Takes what {@code xenstore-ls -f} writes. */
    static Devices parse(List<String> lines) {
        Map<Integer, List<VirtualDisk>> disks = new TreeMap<>();
        Set<Integer> emulated = new TreeSet<>();
        for (String line : lines) {
            Matcher disk = BACKEND.matcher(line);
            Matcher type = EMULATED.matcher(line);
            if (disk.matches()) {
                disks.computeIfAbsent(Integer.valueOf(disk.group(1)), unused -> new ArrayList<>())
                        .add(new VirtualDisk(Integer.parseInt(disk.group(2)), disk.group(3)));
            } else if (type.matches()) {
                emulated.add(Integer.valueOf(type.group(1)));
            }
        }
        return new Devices(disks, emulated);
    }

    /**
     * What libxl made.
     *
     * @param disks of each domain
     * @param emulated the domains with emulated devices (HVM)
     */
    record Devices(Map<Integer, List<VirtualDisk>> disks, Set<Integer> emulated) {
        static final Devices NONE = new Devices(Map.of(), Set.of());
    }

    /**
     * A disk of a domain.
     *
     * @param number Xen's virtual device number
     * @param backend path of its back end in XenStore
     */
    record VirtualDisk(int number, String backend) {
        private static final Pattern OF_DOM0 = Pattern.compile("/local/domain/0/backend/([a-z0-9]+)/[0-9]+/[0-9]+");

        /** The kind of its back end, {@code qdisk} for example; empty if it is in another domain than dom0. */
        Optional<String> backendKind() {
            Matcher matcher = OF_DOM0.matcher(backend);
            return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
        }
    }
}
