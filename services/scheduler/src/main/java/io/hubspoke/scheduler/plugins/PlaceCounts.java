package io.hubspoke.scheduler.plugins;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Counts by place: the value that a node's label has for a topology key. */
final class PlaceCounts {
  private final Map<String, Map<String, Long>> counts = new HashMap<>();

  /** Counts at the place of a node with these labels; nowhere when it has no such label. */
  void add(String topologyKey, Map<String, String> labels, long by) {
    if (by == 0) {
      return;
    }
    var place = labels.get(topologyKey);
    if (place != null) {
      counts
          .computeIfAbsent(topologyKey, key -> new HashMap<>())
          .merge(place, by, (before, more) -> before + more == 0 ? null : before + more);
    }
  }

  long at(String topologyKey, Map<String, String> labels) {
    var places = counts.get(topologyKey);
    var place = labels.get(topologyKey);
    return places == null || place == null ? 0 : places.getOrDefault(place, 0L);
  }

  /** Returns the topology keys by which anything was counted. */
  Set<String> keys() {
    return counts.keySet();
  }

  boolean isEmpty() {
    for (var places : counts.values()) {
      if (!places.isEmpty()) {
        return false;
      }
    }
    return true;
  }
}
