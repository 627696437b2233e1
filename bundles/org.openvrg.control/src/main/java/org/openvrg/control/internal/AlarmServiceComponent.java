package org.openvrg.control.internal;

import org.openvrg.api.service.AlarmService;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Wires the alarm log. */
@Component(service = AlarmService.class, immediate = true)
public final class AlarmServiceComponent extends AlarmLog {
    /** With the limit of the appliance. */
    @Activate
    public AlarmServiceComponent() {
        super(MAX_RAISED);
    }
}
