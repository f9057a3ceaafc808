package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds the pods that a service selects without looking at every pod of its namespace; used on the
 * informer's context only.
 */
final class PodsByLabel implements Informer.Handler<Pod> {
  private final Informer<Pod> pods;
  private final Map<LabelPair, Set<String>> names = new HashMap<>();

  PodsByLabel(Informer<Pod> pods) {
    this.pods = pods;
  }

  @Override
  public void added(Item<Pod> item) {
    labels(item.object())
        .forEach(
            (label, value) ->
                names
                    .computeIfAbsent(place(item, label, value), k -> new HashSet<>())
                    .add(item.key().name()));
  }

  @Override
  public void updated(Item<Pod> before, Item<Pod> now) {
    if (!labels(before.object()).equals(labels(now.object()))) {
      remove(before);
      added(now);
    }
  }

  @Override
  public void deleted(Item<Pod> last) {
    remove(last);
  }

  private void remove(Item<Pod> item) {
    labels(item.object())
        .forEach(
            (label, value) ->
                names.computeIfPresent(
                    place(item, label, value),
                    (place, there) -> {
                      there.remove(item.key().name());
                      return there.isEmpty() ? null : there;
                    }));
  }

  /** Returns the pods of a namespace that have all these labels, of which there must be one. */
  List<Pod> selected(String namespace, Map<String, String> selector) {
    Set<String> fewest = null;
    for (var wanted : selector.entrySet()) {
      var there =
          names.getOrDefault(
              new LabelPair(namespace, wanted.getKey(), wanted.getValue()), Set.of());
      fewest = fewest == null || there.size() < fewest.size() ? there : fewest;
    }
    var found = new ArrayList<Pod>();
    for (var name : fewest == null ? Set.<String>of() : fewest) {
      var pod = pods.get(namespace, name);
      if (pod != null && labels(pod).entrySet().containsAll(selector.entrySet())) {
        found.add(pod);
      }
    }
    return found;
  }

  static Map<String, String> labels(Pod pod) {
    var labels = pod.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  private static LabelPair place(Item<Pod> item, String label, String value) {
    return new LabelPair(item.key().namespace(), label, value);
  }
}
