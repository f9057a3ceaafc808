package io.hubspoke.controllermanager.workloads;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Completion indexes as a job's status writes them, such as {@code 0,2-4}; kept as ranges, since a
 * job may have many.
 */
final class IndexSet {
  private final TreeMap<Integer, Integer> ranges = new TreeMap<>();

  /** Reads what a status says; what cannot be read is left out. */
  static IndexSet parse(String text) {
    var set = new IndexSet();
    for (var part :
        text == null || text.isEmpty() ? List.<String>of() : List.of(text.split(",", -1))) {
      try {
        int dash = part.indexOf('-');
        int first = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
        int last = dash < 0 ? first : Integer.parseInt(part.substring(dash + 1));
        if (first >= 0 && first <= last) {
          set.addRange(first, last);
        }
      } catch (NumberFormatException e) {
        // As the real one does: what is counted again is found again.
      }
    }
    return set;
  }

  IndexSet copy() {
    var copy = new IndexSet();
    copy.ranges.putAll(ranges);
    return copy;
  }

  void add(int index) {
    addRange(index, index);
  }

  private void addRange(int first, int last) {
    int from = first;
    int to = last;
    var before = ranges.floorEntry(first);
    if (before != null && before.getValue() >= first - 1) {
      from = before.getKey();
      to = Math.max(to, before.getValue());
    }
    for (var after = ranges.higherEntry(from);
        after != null && after.getKey() - 1 <= to;
        after = ranges.higherEntry(from)) {
      to = Math.max(to, after.getValue());
      ranges.remove(after.getKey());
    }
    ranges.put(from, to);
  }

  boolean contains(int index) {
    var range = ranges.floorEntry(index);
    return range != null && range.getValue() >= index;
  }

  /** Returns how many there are below a limit. */
  int sizeBelow(int limit) {
    return ranges.headMap(limit).entrySet().stream()
        .mapToInt(range -> Math.min(range.getValue(), limit - 1) - range.getKey() + 1)
        .sum();
  }

  /** Returns the first so many that are not in the set and are below a limit. */
  List<Integer> missing(int count, int limit) {
    var missing = new ArrayList<Integer>();
    int next = 0;
    while (next < limit && missing.size() < count) {
      var range = ranges.floorEntry(next);
      if (range != null && range.getValue() >= next) {
        next = range.getValue() + 1;
      } else {
        missing.add(next++);
      }
    }
    return missing;
  }

  @Override
  public String toString() {
    var text = new StringBuilder();
    for (var range : ranges.entrySet()) {
      text.append(text.isEmpty() ? "" : ",").append(range.getKey());
      if (!range.getKey().equals(range.getValue())) {
        text.append(range.getValue() == range.getKey() + 1 ? ',' : '-').append(range.getValue());
      }
    }
    return text.toString();
  }
}
