package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;

/**
 * A request with its payload, ready to be carried out or refused.
 *
 * @param error what to refuse it with, 0 to carry it out
 * @param payload bytes of an accepted write, owned by who gets the request; else the empty buffer
 * @param reservedBytes memory taken from the connection's {@link Flow}, to be given back
 */
record Request(RequestHeader header, int error, ByteBuf payload, long reservedBytes) {}
