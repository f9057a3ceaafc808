package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.EndpointAddressBuilder;
import io.fabric8.kubernetes.api.model.EndpointPort;
import io.fabric8.kubernetes.api.model.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.EndpointSubset;
import io.fabric8.kubernetes.api.model.EndpointSubsetBuilder;
import io.fabric8.kubernetes.api.model.Service;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The subsets of an Endpoints object: ports that the very same addresses have, in the same states,
 * are in one subset. Everything is in order, so that the same pods always give the same object.
 */
final class Subsets {
  /** The most addresses of an object; slices have no such limit. */
  static final int CAPACITY = 1000;

  private static final Comparator<EndpointAddress> BY_ADDRESS =
      Comparator.comparing(
              (EndpointAddress address) -> InetAddress.ofLiteral(address.getIp()).getAddress(),
              Arrays::compareUnsigned)
          .thenComparing(address -> address.getTargetRef().getUid());

  private static final Comparator<EndpointPort> BY_PORT =
      Comparator.comparing((EndpointPort port) -> port.getName() == null ? "" : port.getName())
          .thenComparing(EndpointPort::getPort)
          .thenComparing(EndpointPort::getProtocol);

  /** Of services without ports, which only headless ones are. */
  private static final EndpointPort NO_PORT = new EndpointPort();

  private Subsets() {}

  /** Returns the subsets for the pods of a service. */
  static List<EndpointSubset> of(Service service, Collection<BackendPod> pods) {
    var addresses = new LinkedHashMap<EndpointPort, Map<EndpointAddress, Boolean>>();
    var family = AddressFamily.of(service).getFirst();
    boolean unreadyToo = EndpointSliceController.publishesUnready(service);
    for (var pod : pods) {
      var own = pod.addresses(family);
      if (own.isEmpty() || (pod.isTerminating() && !unreadyToo)) {
        continue;
      }
      var address =
          new EndpointAddressBuilder()
              .withIp(own.getFirst())
              .withHostname(pod.hostname(service))
              .withNodeName(pod.node())
              .withTargetRef(pod.reference())
              .build();
      for (var port : ports(service, pod)) {
        addresses
            .computeIfAbsent(port, k -> new TreeMap<>(BY_ADDRESS))
            .put(address, unreadyToo || pod.isReady());
      }
    }
    return packed(addresses);
  }

  private static List<EndpointPort> ports(Service service, BackendPod pod) {
    if (service.getSpec().getPorts().isEmpty()) {
      return EndpointSliceController.isHeadless(service) ? List.of(NO_PORT) : List.of();
    }
    var ports = new ArrayList<EndpointPort>();
    for (var port : service.getSpec().getPorts()) {
      pod.port(port)
          .ifPresent(
              number ->
                  ports.add(
                      new EndpointPortBuilder()
                          .withName(port.getName())
                          .withPort(number)
                          .withProtocol(BackendPod.protocol(port.getProtocol()))
                          .withAppProtocol(port.getAppProtocol())
                          .build()));
    }
    return ports;
  }

  private static List<EndpointSubset> packed(
      Map<EndpointPort, Map<EndpointAddress, Boolean>> addresses) {
    var ports = new LinkedHashMap<Map<EndpointAddress, Boolean>, List<EndpointPort>>();
    addresses.forEach(
        (port, there) -> ports.computeIfAbsent(there, k -> new ArrayList<>()).add(port));
    var subsets = new ArrayList<EndpointSubset>();
    ports.forEach(
        (there, shared) -> {
          shared.remove(NO_PORT);
          shared.sort(BY_PORT);
          subsets.add(
              new EndpointSubsetBuilder()
                  .withAddresses(having(there, true))
                  .withNotReadyAddresses(having(there, false))
                  .withPorts(shared)
                  .build());
        });
    subsets.sort(
        Comparator.comparing(
            (EndpointSubset subset) ->
                subset.getPorts().isEmpty() ? NO_PORT : subset.getPorts().getFirst(),
            Comparator.nullsFirst(BY_PORT)));
    return subsets;
  }

  private static List<EndpointAddress> having(Map<EndpointAddress, Boolean> all, boolean ready) {
    return all.entrySet().stream()
        .filter(address -> address.getValue() == ready)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Returns how many addresses there are. */
  static int size(List<EndpointSubset> subsets) {
    return subsets.stream()
        .mapToInt(s -> s.getAddresses().size() + s.getNotReadyAddresses().size())
        .sum();
  }

  /**
   * Returns as many as an object may have: ready ones first, of each subset a part as large as of
   * the others.
   */
  static List<EndpointSubset> truncated(List<EndpointSubset> subsets) {
    if (size(subsets) <= CAPACITY) {
      return subsets;
    }
    int ready = subsets.stream().mapToInt(s -> s.getAddresses().size()).sum();
    boolean readyOnly = ready > CAPACITY;
    int room = readyOnly ? CAPACITY : CAPACITY - ready;
    int total = readyOnly ? ready : size(subsets) - ready;
    int left = room;
    var truncated = new ArrayList<EndpointSubset>();
    for (var subset : subsets) {
      var those = readyOnly ? subset.getAddresses() : subset.getNotReadyAddresses();
      int part = Math.min(left, Math.ceilDiv(those.size() * room, total));
      left -= part;
      var kept = those.subList(0, part);
      var smaller =
          new EndpointSubsetBuilder(subset)
              .withAddresses(readyOnly ? kept : subset.getAddresses())
              .withNotReadyAddresses(readyOnly ? List.of() : kept)
              .build();
      if (size(List.of(smaller)) > 0) {
        truncated.add(smaller);
      }
    }
    return truncated;
  }
}
