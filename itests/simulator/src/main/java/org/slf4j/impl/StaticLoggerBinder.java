package org.slf4j.impl;

import org.openvrg.simulator.SimLoggers;
import org.slf4j.ILoggerFactory;
import org.slf4j.spi.LoggerFactoryBinder;

/** Leads what the product logs into the trace of the run; SLF4J 1.7 finds it by its name. */
public final class StaticLoggerBinder implements LoggerFactoryBinder {
    private static final StaticLoggerBinder INSTANCE = new StaticLoggerBinder();

    private final ILoggerFactory factory = new SimLoggers();

    private StaticLoggerBinder() {}

    /** The one and only. */
    public static StaticLoggerBinder getSingleton() {
        return INSTANCE;
    }

    @Override
    public ILoggerFactory getLoggerFactory() {
        return factory;
    }

    @Override
    public String getLoggerFactoryClassStr() {
        return SimLoggers.class.getName();
    }
}
