package org.openvrg.control.internal;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;

/**
 * Strategies as JSON texts, the form in which they are stored.
 *
 * <p>The stored form is its own set of records, so that a change of the domain types can't change it unnoticed; absent
 * values are left out. {@code format} grows when a reader of an older release could misread the text.
 */
final class StrategyCodec {
    /** Format that is written. */
    static final int FORMAT = 1;

    private static final String PRODUCTION = "production";
    private static final String STANDBY = "standby";
    private static final ObjectMapper JSON = new ObjectMapper()
            .setDefaultPropertyInclusion(JsonInclude.Include.NON_NULL)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

    private StrategyCodec() {}

    /** The text of a strategy. */
    static String encode(VmStrategy strategy) {
        try {
            return JSON.writeValueAsString(
                    strategy instanceof VmStrategy.Production production
                            ? stored(production)
                            : stored((VmStrategy.Standby) strategy));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a strategy can't be written as JSON", e);
        }
    }

    /**
     * The strategy of a text.
     *
     * @throws IllegalArgumentException when the text is damaged or of another format
     */
    static VmStrategy decode(String text) {
        try {
            Stored stored = JSON.readValue(text, Stored.class);
            if (stored == null || stored.format() != FORMAT) {
                throw new IllegalArgumentException("the format of the stored strategy is not " + FORMAT);
            }
            if (stored.vmUuid() == null || stored.side() == null || stored.disks() == null) {
                throw new IllegalArgumentException("the stored strategy lacks its VM, side or disks");
            }
            return switch (stored.side()) {
                case PRODUCTION -> production(stored);
                case STANDBY -> standby(stored);
                default -> throw new IllegalArgumentException("the side of the stored strategy is neither");
            };
        } catch (JsonProcessingException | NullPointerException e) {
            throw new IllegalArgumentException("the stored strategy is damaged", e);
        }
    }

    private static Stored stored(VmStrategy.Production strategy) {
        List<StoredDisk> disks = strategy.disks().stream()
                .map(disk -> new StoredDisk(disk.volume().value(), slot(disk.slot()), null, null, null, null))
                .toList();
        return new Stored(
                FORMAT,
                PRODUCTION,
                strategy.vmUuid().toString(),
                strategy.vmId().orElse(null),
                strategy.vmName().orElse(null),
                strategy.encrypt(),
                strategy.compress(),
                null,
                null,
                null,
                disks);
    }

    private static Stored stored(VmStrategy.Standby strategy) {
        List<StoredDisk> disks = strategy.disks().stream()
                .map(disk -> new StoredDisk(
                        disk.volume().value(),
                        slot(disk.slot()),
                        disk.volumeUrl(),
                        disk.dsUrn().orElse(null),
                        disk.volType(),
                        disk.extParams()))
                .toList();
        return new Stored(
                FORMAT,
                STANDBY,
                strategy.vmUuid().toString(),
                strategy.vmId().orElse(null),
                strategy.vmName().orElse(null),
                null,
                null,
                strategy.hostUrn().orElse(null),
                strategy.agentIp(),
                strategy.agentPort(),
                disks);
    }

    private static VmStrategy.Production production(Stored stored) {
        List<ProductionDisk> disks = stored.disks().stream()
                .map(disk -> new ProductionDisk(new VolumeId(disk.volume()), slot(disk.slot())))
                .toList();
        return new VmStrategy.Production(
                UUID.fromString(stored.vmUuid()),
                Optional.ofNullable(stored.vmId()),
                Optional.ofNullable(stored.vmName()),
                Boolean.TRUE.equals(stored.encrypt()),
                Boolean.TRUE.equals(stored.compress()),
                disks);
    }

    private static VmStrategy.Standby standby(Stored stored) {
        if (stored.agentIp() == null || stored.agentPort() == null) {
            throw new IllegalArgumentException("the stored strategy lacks its agent");
        }
        List<StandbyDisk> disks =
                stored.disks().stream().map(StrategyCodec::standbyDisk).toList();
        return new VmStrategy.Standby(
                UUID.fromString(stored.vmUuid()),
                Optional.ofNullable(stored.vmId()),
                Optional.ofNullable(stored.vmName()),
                Optional.ofNullable(stored.hostUrn()),
                stored.agentIp(),
                stored.agentPort(),
                disks);
    }

    private static StandbyDisk standbyDisk(StoredDisk disk) {
        if (disk.volumeUrl() == null || disk.volType() == null) {
            throw new IllegalArgumentException("a stored disk lacks its URL or type");
        }
        return new StandbyDisk(
                new VolumeId(disk.volume()),
                disk.volumeUrl(),
                Optional.ofNullable(disk.dsUrn()),
                disk.volType(),
                slot(disk.slot()),
                disk.extParams() == null ? Map.of() : disk.extParams());
    }

    private static Integer slot(OptionalInt slot) {
        return slot.isPresent() ? Integer.valueOf(slot.getAsInt()) : null;
    }

    private static OptionalInt slot(Integer slot) {
        return slot == null ? OptionalInt.empty() : OptionalInt.of(slot);
    }

    /** Absent members are null here and nowhere else. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    private record Stored(
            int format,
            String side,
            String vmUuid,
            String vmId,
            String vmName,
            Boolean encrypt,
            Boolean compress,
            String hostUrn,
            String agentIp,
            Integer agentPort,
            List<StoredDisk> disks) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    private record StoredDisk(
            String volume,
            Integer slot,
            String volumeUrl,
            String dsUrn,
            String volType,
            Map<String, String> extParams) {}
}
