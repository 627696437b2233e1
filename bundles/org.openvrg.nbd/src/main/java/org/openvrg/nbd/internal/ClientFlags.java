package org.openvrg.nbd.internal;

/** What the client answered to the greeting. */
record ClientFlags(boolean noZeroes) {}
