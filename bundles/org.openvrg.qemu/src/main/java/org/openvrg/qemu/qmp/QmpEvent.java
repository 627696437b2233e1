package org.openvrg.qemu.qmp;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * An event of a monitor.
 *
 * @param name for example {@code BLOCK_JOB_ERROR}
 * @param data its members, a missing node where it has none
 */
public record QmpEvent(String name, JsonNode data) {}
