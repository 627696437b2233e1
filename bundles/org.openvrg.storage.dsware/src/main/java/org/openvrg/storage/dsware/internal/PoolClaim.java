package org.openvrg.storage.dsware.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.Claim;
import org.openvrg.api.storage.Ownership;

/**
 * The owner of an image, kept in its pool: an exclusive advisory lock (Ceph's object class {@code lock}) on an object of
 * its own, whose cookie is gateway and generation. Taking it is atomic in the cluster; it does not expire, and outlives
 * processes and hosts. Not thread-safe.
 */
final class PoolClaim implements Claim {
    private static final String LOCK = "vrg-owner";
    private static final Pattern COOKIE =
            Pattern.compile("([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/(\\d{1,18})");

    private final CephTools tools;
    private final String pool;
    private final String object;
    private final String name;
    private final boolean fresh;

    private PoolClaim(CephTools tools, String pool, String object, String name, boolean fresh) {
        this.tools = tools;
        this.pool = pool;
        this.object = object;
        this.name = name;
        this.fresh = fresh;
    }

    /** Who holds the lock. */
    private record Holder(String client, String cookie) {
        Ownership owner(String name) throws StorageException {
            Matcher matcher = COOKIE.matcher(cookie);
            if (!matcher.matches()) {
                throw new StorageException(
                        Kind.OWNED_BY_OTHER,
                        "volume " + name + ": its owner in the pool can't be read; remove the lock once it is certain"
                                + " that no gateway uses the volume");
            }
            return new Ownership(UUID.fromString(matcher.group(1)), Long.parseLong(matcher.group(2)));
        }
    }

    /** Claims, or refuses with {@link Kind#OWNED_BY_OTHER}. */
    static PoolClaim claim(CephTools tools, String pool, String object, String name, Ownership owner)
            throws StorageException {
        Optional<Holder> present = holder(tools, pool, object, name);
        PoolClaim claim = new PoolClaim(tools, pool, object, name, present.isEmpty());
        if (present.isPresent()) {
            Ownership before = present.get().owner(name);
            if (!owner.mayReplace(before)) {
                throw new StorageException(
                        Kind.OWNED_BY_OTHER,
                        "volume " + name + " is owned by gateway " + before.vrgUuid() + " in generation "
                                + before.generation());
            }
            if (before.equals(owner)) {
                return claim;
            }
            claim.unlock(present.get());
        }
        String cookie = owner.vrgUuid() + "/" + owner.generation();
        boolean locked = tools.attempt(
                name,
                "rados",
                "-p",
                pool,
                "lock",
                "get",
                object,
                LOCK,
                "--lock-cookie",
                cookie,
                "--lock-type",
                "exclusive");
        if (!locked) {
            throw new StorageException(
                    Kind.OWNED_BY_OTHER, "volume " + name + " could not be claimed: another gateway was faster");
        }
        return claim;
    }

    private static Optional<Holder> holder(CephTools tools, String pool, String object, String name)
            throws StorageException {
        Optional<JsonNode> info = tools.find(name, "rados", "-p", pool, "lock", "info", object, LOCK);
        if (info.isEmpty()) {
            return Optional.empty();
        }
        JsonNode first = info.get().path("lockers").path(0);
        return first.isMissingNode()
                ? Optional.empty()
                : Optional.of(new Holder(
                        first.path("name").asText(), first.path("cookie").asText()));
    }

    private void unlock(Holder holder) throws StorageException {
        tools.run(
                name,
                "rados",
                "-p",
                pool,
                "lock",
                "break",
                object,
                LOCK,
                holder.client(),
                "--lock-cookie",
                holder.cookie());
    }

    @Override
    public boolean isNew() {
        return fresh;
    }

    @Override
    public void release() throws StorageException {
        Optional<Holder> present = holder(tools, pool, object, name);
        if (present.isPresent()) {
            unlock(present.get());
            tools.run(name, "rados", "-p", pool, "rm", object);
        }
    }

    @Override
    public void close() {
        // the lock stays: it is the ownership
    }
}
