package io.hubspoke.lab.cluster;

import io.hubspoke.lab.bench.ProcessUsage;
import io.hubspoke.lab.scale.NodeRange;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/** A member that offers room, as who places nodes knows it. Its owner guards it. */
final class LabMember implements ProcessUsage {
  private final int number;
  private final MemberNodes pool;
  private final NavigableSet<Integer> nodes = new TreeSet<>();
  private volatile Observation last;
  private volatile boolean gone;

  LabMember(int number, MemberNodes pool, Observation first) {
    this.number = number;
    this.pool = pool;
    seen(first);
  }

  void seen(Observation now) {
    last = now;
    pool.seen(now.report());
  }

  MemberNodes pool() {
    return pool;
  }

  NavigableSet<Integer> nodes() {
    return nodes;
  }

  int capacity() {
    return last.capacity();
  }

  boolean isGone() {
    return gone;
  }

  /** Takes its nodes away from it, since it isn't there any more. */
  List<NodeRange> leave() {
    gone = true;
    var left = ranges(nodes);
    nodes.clear();
    return left;
  }

  Placement.Candidate candidate() {
    var report = last.report();
    return new Placement.Candidate(
        last.member(),
        nodes.size(),
        nodes.size() - report.joined() - report.failed(),
        last.capacity(),
        last.processors(),
        last.busy(),
        last.freeMegabytes());
  }

  private static List<NodeRange> ranges(NavigableSet<Integer> nodes) {
    var ranges = new ArrayList<NodeRange>();
    for (var n : nodes) {
      var end = ranges.isEmpty() ? null : ranges.getLast();
      if (end != null && end.last() == n - 1) {
        ranges.set(ranges.size() - 1, new NodeRange(end.first(), n));
      } else {
        ranges.add(new NodeRange(n, n));
      }
    }
    return ranges;
  }

  @Override
  public double cpuSeconds() {
    return last.cpuSeconds();
  }

  @Override
  public long residentMegabytes() {
    return gone ? 0 : last.residentMegabytes();
  }

  @Override
  public long peakMegabytes() {
    return last.peakMegabytes();
  }

  /** Its name for people. */
  @Override
  public String toString() {
    return "member " + number + " " + last.name();
  }
}
