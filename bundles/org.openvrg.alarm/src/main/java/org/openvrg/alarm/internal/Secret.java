package org.openvrg.alarm.internal;

import java.nio.charset.StandardCharsets;

/** A text that no log and no error may show. */
record Secret(String value) {
    byte[] bytes() {
        return value.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "(secret)";
    }
}
