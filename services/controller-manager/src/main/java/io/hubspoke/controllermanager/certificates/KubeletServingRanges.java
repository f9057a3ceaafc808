package io.hubspoke.controllermanager.certificates;

import io.hubspoke.api.AddressRange;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * Where the addresses of nodes are, as the operator says.
 *
 * @param nodes {@code --hubspoke-kubelet-serving-cidrs}; none for no addresses at all
 * @param services {@code --service-cluster-ip-range}; no node's, though within the ranges of nodes
 */
public record KubeletServingRanges(List<AddressRange> nodes, List<AddressRange> services) {
  public KubeletServingRanges {
    nodes = List.copyOf(nodes);
    services = List.copyOf(services);
  }

  /** Says why an address can't be a node's. */
  Optional<String> refusal(InetAddress address) {
    if (services.stream().anyMatch(range -> range.contains(address))) {
      return Optional.of("lies in the range of service addresses");
    }
    return nodes.stream().anyMatch(range -> range.contains(address))
        ? Optional.empty()
        : Optional.of("lies outside the ranges of --hubspoke-kubelet-serving-cidrs");
  }
}
