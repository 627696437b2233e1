package org.openvrg.itests.contract;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Pair;

/**
 * Gives the test classes of the contract one pair, started when the first asks for it and killed at the end of the run.
 * Each case leaves it as it was: paired, and without VMs of its own.
 */
final class SharedPair implements ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(SharedPair.class);

    /** The pair with a client for each side. */
    record Contract(Pair pair, Client production, Client dr) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            pair.close();
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Contract.class;
    }

    @Override
    public Contract resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot()
                .getStore(NAMESPACE)
                .getOrComputeIfAbsent("contract", unused -> start(), Contract.class);
    }

    private static Contract start() {
        try {
            Pair pair = new Pair("contract").patient();
            // never the machine's own: these tests run as root
            pair.production().configure("org.openvrg.network", "management-interface", "absent0");
            pair.dr().configure("org.openvrg.network", "management-interface", "lo");
            for (Appliance appliance : List.of(pair.production(), pair.dr())) {
                appliance.configure("org.openvrg.network", "directory", "${karaf.data}/network");
            }
            Contract contract = new Contract(pair, new Client(pair.production()), new Client(pair.dr()));
            try {
                pair.start();
            } catch (AssertionError e) {
                contract.close();
                throw e;
            }
            return contract;
        } catch (IOException e) {
            throw new ParameterResolutionException("the pair does not start", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ParameterResolutionException("interrupted", e);
        }
    }
}
