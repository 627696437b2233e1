package org.openvrg.control.internal;

import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.api.service.StrategyService;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Wires the strategies; the engine may come and go. */
@Component(service = StrategyService.class, immediate = true)
public final class StrategyServiceComponent extends Strategies {
    /** Over the configuration store. */
    @Activate
    public StrategyServiceComponent(@Reference ConfigStore store, @Reference AlarmService alarms) {
        super(store, alarms);
    }

    /** The engine arrived. */
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, unbind = "unbindEngine")
    void bindEngine(ProtectionService engine) {
        attach(engine);
    }

    /** The engine goes. */
    void unbindEngine(ProtectionService engine) {
        detach(engine);
    }
}
