package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.Service;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Finds the services that select a pod. Each service lies under one label of its selector, so that
 * a pod's change looks at few of thousands; used on the informer's context only.
 */
final class ServicesByLabel implements Informer.Handler<Service> {
  private final Map<LabelPair, Map<Item.Key, Map<String, String>>> selectors = new HashMap<>();
  private final Map<Item.Key, LabelPair> places = new HashMap<>();

  @Override
  public void added(Item<Service> item) {
    var selector = selector(item.object());
    if (selector.isEmpty()) {
      return;
    }
    var place =
        selector.entrySet().stream()
            .map(e -> new LabelPair(item.key().namespace(), e.getKey(), e.getValue()))
            // Many services may share a label, such as the name of an application.
            .min(Comparator.comparingInt(pair -> selectors.getOrDefault(pair, Map.of()).size()))
            .orElseThrow();
    places.put(item.key(), place);
    selectors.computeIfAbsent(place, k -> new HashMap<>()).put(item.key(), selector);
  }

  @Override
  public void updated(Item<Service> before, Item<Service> now) {
    if (!selector(before.object()).equals(selector(now.object()))) {
      deleted(before);
      added(now);
    }
  }

  @Override
  public void deleted(Item<Service> last) {
    var place = places.remove(last.key());
    if (place != null) {
      var there = selectors.get(place);
      there.remove(last.key());
      if (there.isEmpty()) {
        selectors.remove(place);
      }
    }
  }

  /** Returns the services of a namespace whose selector these labels satisfy. */
  Set<Item.Key> selecting(String namespace, Map<String, String> labels) {
    var found = new HashSet<Item.Key>();
    labels.forEach(
        (label, value) ->
            selectors
                .getOrDefault(new LabelPair(namespace, label, value), Map.of())
                .forEach(
                    (service, selector) -> {
                      if (labels.entrySet().containsAll(selector.entrySet())) {
                        found.add(service);
                      }
                    }));
    return found;
  }

  /** Returns the labels that a service selects pods by; none for one without a selector. */
  static Map<String, String> selector(Service service) {
    var selector = service.getSpec() == null ? null : service.getSpec().getSelector();
    return selector == null ? Map.of() : selector;
  }
}
