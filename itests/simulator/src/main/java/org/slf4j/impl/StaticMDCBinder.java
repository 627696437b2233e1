package org.slf4j.impl;

import org.slf4j.helpers.NOPMDCAdapter;
import org.slf4j.spi.MDCAdapter;

/** The trace needs no context; SLF4J 1.7 finds it by its name. Stateless. */
public final class StaticMDCBinder {
    private static final StaticMDCBinder INSTANCE = new StaticMDCBinder();

    private StaticMDCBinder() {}

    /** The one and only. */
    public static StaticMDCBinder getSingleton() {
        return INSTANCE;
    }

    /** Keeps nothing. */
    public MDCAdapter getMDCA() {
        return new NOPMDCAdapter();
    }

    /** Name of the adapter's class. */
    public String getMDCAdapterClassStr() {
        return NOPMDCAdapter.class.getName();
    }
}
