package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Writes the slices of one controller, finds them by service, and knows which of its writes the
 * informer has yet to show: who planned by a copy that lags behind would write the same endpoints
 * into a second slice.
 */
final class SliceWriter {
  /** What has not been shown after so long was undone meanwhile. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** How soon to look again when the copy lags behind and no event comes. */
  static final Duration RECHECK = Duration.ofSeconds(5);

  private static final long GONE = Long.MAX_VALUE;

  private record Written(long generation, Instant at) {}

  private final ApiClient client;
  private final String manager;
  private final Map<Item.Key, Map<String, EndpointSlice>> known = new HashMap<>();
  private final Map<Item.Key, Map<String, Written>> written = new HashMap<>();

  /**
   * @param manager the controller, as its slices are labelled
   * @param changed told the service of each slice that has changed
   */
  SliceWriter(
      ApiClient client,
      String manager,
      Informer<EndpointSlice> slices,
      Consumer<Item.Key> changed) {
    this.client = client;
    this.manager = manager;
    slices.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<EndpointSlice> item) {
            if (isOwn(item.object())) {
              var service = service(item.object());
              known.computeIfAbsent(service, k -> new HashMap<>()).put(item.uid(), item.object());
              changed.accept(service);
            }
          }

          @Override
          public void updated(Item<EndpointSlice> before, Item<EndpointSlice> now) {
            // It may have been labelled as another service's or controller's.
            if (!isOwn(now.object()) || !service(before.object()).equals(service(now.object()))) {
              deleted(before);
            }
            added(now);
          }

          @Override
          public void deleted(Item<EndpointSlice> last) {
            if (isOwn(last.object())) {
              var service = service(last.object());
              remove(known, service, last.uid());
              remove(written, service, last.uid());
              changed.accept(service);
            }
          }
        });
  }

  /** Returns the slices of a service that this controller keeps. */
  Collection<EndpointSlice> slices(Item.Key service) {
    return List.copyOf(known.getOrDefault(service, Map.of()).values());
  }

  /** Returns whether the informer has not shown yet what was written for a service. */
  boolean isBehind(Item.Key service) {
    var writes = written.get(service);
    if (writes == null) {
      return false;
    }
    var seen = known.getOrDefault(service, Map.of());
    writes
        .entrySet()
        .removeIf(
            write -> {
              var slice = seen.get(write.getKey());
              return (slice != null && generation(slice) >= write.getValue().generation())
                  || write.getValue().at().plus(PATIENCE).isBefore(Instant.now());
            });
    return !writes.isEmpty();
  }

  /** Forgets what was written for a service that is gone. */
  void forget(Item.Key service) {
    written.remove(service);
  }

  /**
   * Does what a plan says; waits.
   *
   * @param trigger when what the plan answers happened; null when unknown
   */
  void write(Item.Key service, SlicePlan plan, Instant trigger) {
    for (var slice : plan.create()) {
      try {
        var made =
            client.create(EndpointSlices.RESOURCE, service.namespace(), annotated(slice, trigger));
        note(service, made.await());
      } catch (ApiException e) {
        if (!namespaceEnds(e)) {
          throw e;
        }
        return;
      }
    }
    for (var slice : plan.update()) {
      note(
          service,
          client
              .update(
                  EndpointSlices.RESOURCE,
                  service.namespace(),
                  slice.getMetadata().getName(),
                  annotated(slice, trigger))
              .await());
    }
    for (var slice : plan.delete()) {
      var uid = slice.getMetadata().getUid();
      client
          .deleteIfPresent(
              EndpointSlices.RESOURCE,
              service.namespace(),
              slice.getMetadata().getName(),
              DeleteOptions.now(uid))
          .await();
      if (known.getOrDefault(service, Map.of()).containsKey(uid)) {
        note(service, uid, GONE);
      }
    }
  }

  /** In a namespace that goes nothing is made any more. */
  static boolean namespaceEnds(ApiException e) {
    var details = e.status().details();
    return e.code() == 403
        && details != null
        && details.causes().stream().anyMatch(c -> c.reason().equals("NamespaceTerminating"));
  }

  private void note(Item.Key service, EndpointSlice slice) {
    note(service, slice.getMetadata().getUid(), generation(slice));
  }

  private void note(Item.Key service, String uid, long generation) {
    written
        .computeIfAbsent(service, k -> new HashMap<>())
        .put(uid, new Written(generation, Instant.now()));
  }

  private static EndpointSlice annotated(EndpointSlice slice, Instant trigger) {
    var annotations = new HashMap<>(SliceOwner.annotations(slice));
    TriggerTimes.annotate(annotations, trigger);
    return new EndpointSliceBuilder(slice)
        .editMetadata()
        .withAnnotations(annotations)
        .endMetadata()
        .build();
  }

  private boolean isOwn(EndpointSlice slice) {
    return manager.equals(SliceOwner.labels(slice).get(SliceOwner.MANAGED_BY));
  }

  private static Item.Key service(EndpointSlice slice) {
    return new Item.Key(
        slice.getMetadata().getNamespace(),
        SliceOwner.labels(slice).getOrDefault(SliceOwner.SERVICE_NAME, ""));
  }

  private static long generation(EndpointSlice slice) {
    var generation = slice.getMetadata().getGeneration();
    return generation == null ? 0 : generation;
  }

  private static <V> void remove(Map<Item.Key, Map<String, V>> map, Item.Key service, String uid) {
    map.computeIfPresent(
        service,
        (key, there) -> {
          there.remove(uid);
          return there.isEmpty() ? null : there;
        });
  }
}
