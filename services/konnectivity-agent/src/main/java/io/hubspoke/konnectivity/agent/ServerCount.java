package io.hubspoke.konnectivity.agent;

import java.util.OptionalInt;

/** Knows how many servers there are to be connected with. Used by one loop only. */
final class ServerCount {
  private final LeaseCounter leases;
  private final ServerCountSource source;
  private int told;

  /**
   * Knows of none so far.
   *
   * @param leases null when they are not counted
   */
  ServerCount(LeaseCounter leases, ServerCountSource source) {
    this.leases = leases;
    this.source = source;
  }

  /** Notes what a server has answered. */
  void told(int count) {
    told = count;
  }

  /** Returns the count; empty while nobody has said anything. */
  OptionalInt current() {
    if (leases == null) {
      return told > 0 ? OptionalInt.of(told) : OptionalInt.empty();
    }
    var counted = leases.count();
    return OptionalInt.of(source == ServerCountSource.MAX ? Math.max(counted, told) : counted);
  }
}
