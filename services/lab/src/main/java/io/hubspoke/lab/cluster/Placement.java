package io.hubspoke.lab.cluster;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Decides which member gets the next nodes. */
final class Placement {
  /**
   * Nodes on their way in at one member; more wait, so that a member that comes later gets some.
   */
  private static final int JOINING = 80;

  private static final long LEAST_MEGABYTES = 128;
  private static final double LEAST_IDLE = 0.1;

  private Placement() {}

  /**
   * What counts of a member.
   *
   * @param nodes that it was given
   * @param joining those of them that are not in yet
   * @param busy which part of its processors is
   */
  record Candidate(
      String member,
      int nodes,
      int joining,
      int capacity,
      int processors,
      double busy,
      long freeMegabytes) {

    private boolean hasRoom() {
      return nodes < capacity && joining < JOINING && freeMegabytes >= LEAST_MEGABYTES;
    }

    /** Nodes for each processor that has nothing to do. */
    private double load() {
      return (nodes + 1) / (processors * Math.max(LEAST_IDLE, 1 - busy));
    }
  }

  /** Returns the one with the lowest load that has room. */
  static Optional<Candidate> next(Collection<Candidate> members) {
    return members.stream()
        .filter(Candidate::hasRoom)
        .min(Comparator.comparingDouble(Candidate::load).thenComparing(Candidate::member));
  }

  /** Returns how many nodes are handed out at once: few enough that members get even shares. */
  static int batch(int nodes, int members) {
    return Math.clamp(nodes / (8L * Math.max(1, members)), 1, 40);
  }
}
