package org.openvrg.rest.internal;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import javax.ws.rs.core.MultivaluedMap;
import org.openvrg.api.failure.RequestException;

/**
 * What {@code GET /vmstrategy} asks for.
 *
 * @param vmUuids the VMs, empty for all
 * @param faultyOnly only those that are cut off from their writeagent
 * @param limit most VMs in the answer
 * @param offset how many are passed over
 */
record StrategyQuery(Set<UUID> vmUuids, boolean faultyOnly, int limit, int offset) {
    /** Most VMs in one answer. */
    static final int MAX_LIMIT = 100;

    /**
     * Reads the query parameters; unknown ones are ignored.
     *
     * @throws RequestException {@code PARAMETER_INVALID}, {@code VM_UUID_INVALID}
     */
    static StrategyQuery of(MultivaluedMap<String, String> parameters) throws RequestException {
        OptionalInt limit = number(parameters, "limit", 1, MAX_LIMIT);
        OptionalInt offset = number(parameters, "offset", 0, Integer.MAX_VALUE);
        OptionalInt fault = number(parameters, "faultVms", 0, 1);
        List<String> uuids = Optional.ofNullable(parameters.get("vmUuid")).orElse(List.of());
        if (limit.isPresent() != offset.isPresent()) {
            throw Requests.invalid(
                    limit.isPresent() ? "offset" : "limit",
                    "is missing: limit and offset go together",
                    "缺少该参数:limit 和 offset 必须同时携带");
        }
        if (!uuids.isEmpty() && (limit.isPresent() || fault.isPresent())) {
            throw Requests.invalid(
                    "vmUuid",
                    "does not go together with limit, offset or faultVms",
                    "不能与 limit、offset 或 faultVms 同时使用");
        }
        Set<UUID> vmUuids = new LinkedHashSet<>();
        for (String uuid : uuids) {
            vmUuids.add(Requests.vmUuid(uuid));
        }
        return new StrategyQuery(vmUuids, fault.orElse(0) == 1, limit.orElse(MAX_LIMIT), offset.orElse(0));
    }

    private static OptionalInt number(MultivaluedMap<String, String> parameters, String name, int from, int to)
            throws RequestException {
        List<String> values = Optional.ofNullable(parameters.get(name)).orElse(List.of());
        if (values.isEmpty()) {
            return OptionalInt.empty();
        }
        String text = values.get(0);
        if (values.size() == 1 && text.matches("[0-9]{1,10}")) {
            long value = Long.parseLong(text);
            if (value >= from && value <= to) {
                return OptionalInt.of((int) value);
            }
        }
        throw Requests.invalid(
                name,
                String.join(",", values),
                "is given once, as a number from " + from + " to " + to,
                "只能携带一次,取值范围为 " + from + " 到 " + to);
    }
}
