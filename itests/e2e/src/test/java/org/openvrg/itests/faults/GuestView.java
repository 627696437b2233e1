package org.openvrg.itests.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.openvrg.itests.Chance;

/** What the guest saw of each fault, as a table. Not thread-safe. */
final class GuestView {
    private final String title;
    private final List<String> rows = new ArrayList<>();

    GuestView(String title) {
        this.title = title;
        rows.add("| fault | writes answered meanwhile | errors | longest answer | lowest state | copied by resync"
                + " | equal after |");
        rows.add("|---|---|---|---|---|---|---|");
    }

    /**
     * Notes one fault.
     *
     * @param writes answered from its begin to its end
     * @param longestMillis longest answer from its begin until both sides were equal
     * @param state 1 if the VM kept its queue throughout, else 2
     * @param resyncBytes sent outside the sequence
     * @param equalMillis from the end of the fault until both sides were equal
     */
    void note(String fault, long writes, long longestMillis, int state, long resyncBytes, long equalMillis) {
        String row = String.format(
                Locale.ROOT,
                "| %s | %d | 0 | %d ms | %d | %.1f MiB | %.1f s |",
                fault,
                writes,
                longestMillis,
                state,
                resyncBytes / 1048576.0,
                equalMillis / 1000.0);
        rows.add(row);
        Chance.tell("%s", row);
    }

    /** Prints it, and leaves it in the build's folder. */
    void tell() throws IOException {
        String text = String.join("\n", rows);
        Chance.tell("%s%n%s", title, text);
        Files.writeString(
                Path.of(System.getProperty("vrg.work")).resolve(title.replace(' ', '-') + ".md"), text + "\n");
    }
}
