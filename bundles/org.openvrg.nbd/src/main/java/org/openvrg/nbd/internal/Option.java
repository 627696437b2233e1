package org.openvrg.nbd.internal;

/** One option of the client, its data not yet looked at. */
record Option(int code, byte[] data) {}
