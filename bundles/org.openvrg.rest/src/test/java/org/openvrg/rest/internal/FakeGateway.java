package org.openvrg.rest.internal;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.failure.StoreException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.service.Identity;
import org.openvrg.api.service.PairingService;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.api.service.SessionService;
import org.openvrg.api.service.StrategyService;

/** The services behind the resources, in memory. */
final class FakeGateway implements SessionService, StrategyService, PairingService, ProtectionService, Identity {
    static final String TOKEN = "token-of-a-live-session";
    static final UUID UUID_OF_GATEWAY = UUID.fromString("11111111-2222-3333-4444-555555555555");

    final Map<UUID, VmStrategy> strategies = new TreeMap<>(Comparator.comparing(UUID::toString));
    final Map<UUID, VmReport> reports = new HashMap<>();
    Optional<Peer> peer = Optional.empty();
    Optional<Boolean> removedForced = Optional.empty();
    boolean loggedIn = true;
    Optional<String> changed = Optional.empty();
    boolean broken;
    boolean full;

    @Override
    public String login(String user, String passwordHash) throws RequestException {
        if (!user.equals("admin")) {
            throw new RequestException(ErrorCode.USER_UNKNOWN, "the user does not exist", "用户不存在");
        }
        loggedIn = true;
        return TOKEN;
    }

    @Override
    public Optional<String> authenticate(String token) {
        return loggedIn && token.equals(TOKEN) ? Optional.of("admin") : Optional.empty();
    }

    @Override
    public boolean logout(String token) {
        loggedIn = false;
        return true;
    }

    @Override
    public void changePassword(String user, String oldHash, String newHash) throws RequestException {
        if (oldHash.equals(newHash)) {
            throw new RequestException(ErrorCode.PASSWORD_INVALID, "newKey is the present password", "newKey 与当前密码相同");
        }
        changed = Optional.of(user + " " + oldHash + " " + newHash);
        loggedIn = false;
    }

    @Override
    public void put(VmStrategy strategy) {
        if (full) {
            throw new StoreException("can't write /var/lib/vrg/secret.db", new IllegalStateException());
        }
        if (broken) {
            throw new IllegalStateException("can't write /var/lib/vrg/secret.db in org.openvrg.control.internal");
        }
        strategies.put(strategy.vmUuid(), strategy);
    }

    @Override
    public Optional<VmStrategy> find(UUID vmUuid) {
        return Optional.ofNullable(strategies.get(vmUuid));
    }

    @Override
    public List<VmStrategy> all() {
        return List.copyOf(strategies.values());
    }

    @Override
    public ProtectionState remove(UUID vmUuid, boolean forced) throws RequestException {
        if (strategies.remove(vmUuid) == null) {
            throw Requests.unknownVm(vmUuid);
        }
        removedForced = Optional.of(forced);
        return ProtectionState.INCREMENTAL_CBT;
    }

    @Override
    public void pair(Peer newPeer) throws RequestException {
        if (peer.isPresent() && !peer.get().equals(newPeer)) {
            throw new RequestException(ErrorCode.CONFLICT, "paired with another peer", "已与其他 VRG 配对");
        }
        peer = Optional.of(newPeer);
    }

    @Override
    public void unpair() {
        peer = Optional.empty();
    }

    @Override
    public Optional<Peer> peer() {
        return peer;
    }

    @Override
    public Status status() {
        return peer.isPresent() ? Status.PAIRING : Status.NOT_PAIRED;
    }

    @Override
    public void apply(VmStrategy strategy) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<VmReport> report(UUID vmUuid) {
        return Optional.ofNullable(reports.get(vmUuid));
    }

    @Override
    public List<VmReport> reports() {
        return List.copyOf(reports.values());
    }

    @Override
    public void check(VmStrategy strategy) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Capacity capacity() {
        return new Capacity(10 * 1024 * 1024, 1024 * 1024 + 1023, true);
    }

    @Override
    public UUID vrgUuid() {
        return UUID_OF_GATEWAY;
    }

    @Override
    public X509Certificate certificate() {
        throw new UnsupportedOperationException();
    }

    @Override
    public PrivateKey privateKey() {
        throw new UnsupportedOperationException();
    }

    @Override
    public String fingerprint() {
        return "ab".repeat(32);
    }
}
