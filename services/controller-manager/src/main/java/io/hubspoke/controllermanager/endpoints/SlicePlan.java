package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What to write so that slices hold the endpoints that are wanted. Every node hears of each slice
 * written, so endpoints stay where they are, new ones go first where something changes anyway, and
 * slices are never evened out (KEP-752, "Packing Strategy").
 */
final class SlicePlan {
  private final SliceOwner owner;
  private final int most;
  private final List<EndpointSlice> create = new ArrayList<>();
  private final List<EndpointSlice> update = new ArrayList<>();
  private final List<EndpointSlice> delete = new ArrayList<>();

  /** What makes an endpoint the same one though its state has changed. */
  private record Identity(List<String> addresses, String hostname, ObjectReference target) {
    static Identity of(Endpoint endpoint) {
      return new Identity(endpoint.getAddresses(), endpoint.getHostname(), endpoint.getTargetRef());
    }
  }

  private SlicePlan(SliceOwner owner, int most) {
    this.owner = owner;
    this.most = most;
  }

  /**
   * Plans the writes for an owner.
   *
   * @param wanted endpoints of each group; a group without any gets one empty slice
   * @param present the slices there are
   * @param most endpoints of a slice
   */
  static SlicePlan of(
      SliceOwner owner,
      Map<SliceGroup, ? extends Collection<Endpoint>> wanted,
      Collection<EndpointSlice> present,
      int most) {
    var plan = new SlicePlan(owner, most);
    var unclaimed = new ArrayList<>(present);
    unclaimed.sort(Comparator.comparing(slice -> slice.getMetadata().getName()));
    wanted.forEach(
        (group, endpoints) -> {
          var own =
              unclaimed.stream()
                  .filter(slice -> owner.owns(slice) && group.matches(slice))
                  .toList();
          unclaimed.removeAll(own);
          plan.group(group, endpoints, own);
        });
    plan.delete.addAll(unclaimed);
    plan.reuse();
    return plan;
  }

  List<EndpointSlice> create() {
    return create;
  }

  List<EndpointSlice> update() {
    return update;
  }

  List<EndpointSlice> delete() {
    return delete;
  }

  boolean isEmpty() {
    return create.isEmpty() && update.isEmpty() && delete.isEmpty();
  }

  private void group(SliceGroup group, Collection<Endpoint> wanted, List<EndpointSlice> present) {
    var left = new LinkedHashMap<Identity, Endpoint>();
    wanted.forEach(endpoint -> left.putIfAbsent(Identity.of(endpoint), endpoint));
    var changed = new ArrayList<EndpointSlice>();
    var unchanged = new ArrayList<EndpointSlice>();
    for (var slice : present) {
      var kept = new ArrayList<Endpoint>();
      for (var endpoint : slice.getEndpoints()) {
        var now = left.remove(Identity.of(endpoint));
        if (now != null) {
          kept.add(now);
        }
      }
      boolean placeholder = wanted.isEmpty() && changed.isEmpty() && unchanged.isEmpty();
      if (kept.isEmpty() && !placeholder) {
        delete.add(slice);
      } else if (kept.equals(slice.getEndpoints()) && owner.describes(slice)) {
        unchanged.add(slice);
      } else {
        changed.add(with(owner.describe(slice), kept));
      }
    }
    var waiting = new ArrayDeque<>(left.values());
    changed.sort(Comparator.comparingInt(slice -> -slice.getEndpoints().size()));
    changed.forEach(slice -> update.add(filled(slice, waiting)));
    fullestWithRoom(unchanged, waiting.size())
        .ifPresent(slice -> update.add(filled(slice, waiting)));
    boolean none = wanted.isEmpty() && present.isEmpty();
    while (none || !waiting.isEmpty()) {
      create.add(filled(owner.slice(group), waiting));
      none = false;
    }
  }

  /** Returns the slice that is the fullest once all that wait are in it. */
  private Optional<EndpointSlice> fullestWithRoom(List<EndpointSlice> slices, int waiting) {
    return waiting == 0
        ? Optional.empty()
        : slices.stream()
            .filter(slice -> slice.getEndpoints().size() + waiting <= most)
            .max(Comparator.comparingInt(slice -> slice.getEndpoints().size()));
  }

  private EndpointSlice filled(EndpointSlice slice, Deque<Endpoint> waiting) {
    var endpoints = new ArrayList<>(slice.getEndpoints());
    while (!waiting.isEmpty() && endpoints.size() < most) {
      endpoints.add(waiting.poll());
    }
    return endpoints.size() == slice.getEndpoints().size() ? slice : with(slice, endpoints);
  }

  private static EndpointSlice with(EndpointSlice slice, List<Endpoint> endpoints) {
    return new EndpointSliceBuilder(slice).withEndpoints(endpoints).build();
  }

  /** Makes of a slice to delete one that is to be created: one write instead of two. */
  private void reuse() {
    for (var old : List.copyOf(delete)) {
      var index = create.size() - 1;
      while (index >= 0 && !create.get(index).getAddressType().equals(old.getAddressType())) {
        index--;
      }
      if (index >= 0 && owner.owns(old)) {
        var made = create.remove(index);
        delete.remove(old);
        update.add(
            new EndpointSliceBuilder(owner.describe(old))
                .withPorts(made.getPorts())
                .withEndpoints(made.getEndpoints())
                .build());
      }
    }
  }
}
