package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.kubeproxy.nftables.Frontend.Claim;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the table contains for one port of a service.
 *
 * @param chains their rules by name
 * @param affinitySets names of the sets of clients, with the seconds that a client stays in them
 * @param frontends where its connections arrive
 * @param clusterIps its virtual address: shared by the service's ports
 * @param backends the addresses of its endpoints: shared among services
 */
record ServiceProgram(
    Map<String, List<String>> chains,
    Map<String, Long> affinitySets,
    Map<Frontend, Claim> frontends,
    Set<String> clusterIps,
    Set<String> backends) {
  static final ServiceProgram NOTHING =
      new ServiceProgram(Map.of(), Map.of(), Map.of(), Set.of(), Set.of());
}
