package io.hubspoke.lab.wire;

import java.time.Instant;

/** One connection that crossed the wire: who opened it, towards which address, and when. */
public record Crossing(long id, String from, int fromPort, String to, int toPort, Instant opened) {}
