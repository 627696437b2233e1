package org.openvrg.link.internal;

import java.util.List;
import java.util.Optional;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.PairingService.Peer;

/**
 * The pairing in the configuration store, area {@code pairing}: {@code peer} holds address, port, fingerprint and UUID
 * in one text, so that they change together; {@code farewell} the fingerprint of a peer that was unpaired here and
 * may not know. Used by one thread.
 */
final class PairingStore {
    private static final String AREA = "pairing";
    private static final String PEER = "peer";
    private static final String FAREWELL = "farewell";
    private static final String NONE = "-";
    private static final int PARTS = 4;

    private final ConfigStore store;

    PairingStore(ConfigStore store) {
        this.store = store;
    }

    Optional<Pairing> load() {
        return store.get(AREA, PEER).map(PairingStore::parse);
    }

    private static Pairing parse(String text) {
        List<String> parts = List.of(text.split(" ", -1));
        try {
            if (parts.size() != PARTS) {
                throw new IllegalArgumentException("it has " + parts.size() + " parts, not " + PARTS);
            }
            Peer peer = new Peer(parts.get(0), Integer.parseInt(parts.get(1)));
            Optional<Pairing.Pin> pin = parts.get(2).equals(NONE)
                    ? Optional.empty()
                    : Optional.of(new Pairing.Pin(parts.get(2), parts.get(3)));
            return new Pairing(peer, pin);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("the stored pairing is damaged: " + e.getMessage(), e);
        }
    }

    void save(Pairing pairing) {
        String pin = pairing.pin()
                .map(known -> known.fingerprint() + " " + known.vrgUuid())
                .orElse(NONE + " " + NONE);
        store.put(AREA, PEER, pairing.peer().ip() + " " + pairing.peer().port() + " " + pin);
    }

    void remove() {
        store.remove(AREA, PEER);
    }

    Optional<String> farewell() {
        return store.get(AREA, FAREWELL);
    }

    void saveFarewell(String fingerprint) {
        store.put(AREA, FAREWELL, fingerprint);
    }

    void removeFarewell() {
        if (farewell().isPresent()) {
            store.remove(AREA, FAREWELL);
        }
    }
}
