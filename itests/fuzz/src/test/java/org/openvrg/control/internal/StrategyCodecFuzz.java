package org.openvrg.control.internal;

import java.nio.charset.StandardCharsets;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.fuzz.Check;

/** Stored strategies: what is read is the same after it was written and read again; all else is refused by one error. */
public final class StrategyCodecFuzz {
    private static final long HEAP_BYTES = 16L << 20;

    private StrategyCodecFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(HEAP_BYTES, () -> {
            VmStrategy strategy;
            try {
                strategy = StrategyCodec.decode(new String(data, StandardCharsets.UTF_8));
            } catch (IllegalArgumentException e) {
                Check.that(e.getMessage() != null, "a refusal says why");
                return;
            }
            Check.that(!strategy.volumes().isEmpty(), "a strategy has a volume");
            Check.equal(strategy, StrategyCodec.decode(StrategyCodec.encode(strategy)), "the strategy read again");
        });
    }
}
