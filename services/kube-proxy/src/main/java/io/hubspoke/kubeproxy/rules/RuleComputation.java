package io.hubspoke.kubeproxy.rules;

import io.hubspoke.client.Item;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import io.hubspoke.kubeproxy.rules.SliceEndpoints.Backend;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The rules of one service.
 *
 * @param local its ready endpoints on this node, by address
 */
record RuleComputation(List<ServiceRule> rules, int local) {
  RuleComputation {
    rules = List.copyOf(rules);
  }

  /** An endpoint with what decides whether it is used. */
  private record Candidate(Endpoint endpoint, Backend state) {
    boolean ready() {
      return state.ready();
    }

    boolean local() {
      return state.local();
    }

    boolean usable() {
      return state.ready() || state.lastResort();
    }

    /** Of slices that overlap, while an endpoint moves between them. */
    Candidate better(Candidate other) {
      return rank() >= other.rank() ? this : other;
    }

    private int rank() {
      return (state.local() ? 4 : 0) + (state.ready() ? 2 : 0) + (state.lastResort() ? 1 : 0);
    }
  }

  static RuleComputation of(
      Item.Key key, ForwardedService service, Collection<SliceEndpoints> slices, String zone) {
    if (service == null) {
      return new RuleComputation(List.of(), 0);
    }
    var fitting = slices.stream().filter(slice -> service.fits(slice.addressType())).toList();
    var rules = new ArrayList<ServiceRule>();
    for (var port : service.ports()) {
      rules.add(rule(key, service, port, candidates(fitting, port), zone));
    }
    var local =
        fitting.stream()
            .filter(slice -> !slice.ports().isEmpty())
            .flatMap(slice -> slice.backends().stream())
            .filter(backend -> backend.local() && backend.ready())
            .map(Backend::ip)
            .distinct()
            .count();
    return new RuleComputation(rules, (int) local);
  }

  private static List<Candidate> candidates(
      List<SliceEndpoints> slices, ForwardedService.Port port) {
    var found = new TreeMap<String, Candidate>();
    for (var slice : slices) {
      for (var target : slice.ports()) {
        if (target.protocol() == port.protocol() && target.name().equals(port.name())) {
          for (var backend : slice.backends()) {
            var endpoint = new Endpoint(backend.ip(), target.number(), backend.local());
            found.merge(
                backend.ip() + " " + target.number(),
                new Candidate(endpoint, backend),
                Candidate::better);
          }
        }
      }
    }
    return List.copyOf(found.values());
  }

  private static ServiceRule rule(
      Item.Key key,
      ForwardedService service,
      ForwardedService.Port port,
      List<Candidate> candidates,
      String zone) {
    var accessible = service.accessible(port);
    var internal = service.internalLocal() ? local(candidates) : anywhere(candidates, zone);
    var external = Destinations.NONE;
    if (accessible) {
      external = service.externalLocal() ? local(candidates) : anywhere(candidates, zone);
    }
    return new ServiceRule(
        new ServicePortName(key.namespace(), key.name(), port.name(), port.protocol()),
        service.clusterIp(),
        port.number(),
        port.nodePort(),
        service.externalIps(),
        service.affinity(),
        internal,
        external,
        accessible && service.externalLocal(),
        draining(candidates, internal, external));
  }

  /** Ready endpoints anywhere, of the node's zone if hints say so; else those that still serve. */
  private static Destinations anywhere(List<Candidate> candidates, String zone) {
    var ready = candidates.stream().filter(Candidate::ready).toList();
    if (ready.isEmpty()) {
      return new Destinations(endpoints(candidates, c -> c.state.lastResort()), false);
    }
    Predicate<Candidate> meant = c -> c.state.zones().contains(zone);
    // Hints count only when every endpoint has them and one is for this zone.
    var hinted =
        ready.stream().noneMatch(c -> c.state.zones().isEmpty()) && ready.stream().anyMatch(meant);
    return new Destinations(endpoints(ready, hinted ? meant : c -> true), false);
  }

  /** Ready endpoints of this node, else those of this node that still serve; hints don't count. */
  private static Destinations local(List<Candidate> candidates) {
    var chosen = endpoints(candidates, c -> c.local() && c.ready());
    if (chosen.isEmpty()) {
      chosen = endpoints(candidates, c -> c.local() && c.state.lastResort());
    }
    return new Destinations(
        chosen, chosen.isEmpty() && candidates.stream().anyMatch(Candidate::usable));
  }

  private static List<Endpoint> endpoints(List<Candidate> of, Predicate<Candidate> wanted) {
    return of.stream().filter(wanted).map(Candidate::endpoint).toList();
  }

  /** What is in no slice any more is gone; all else goes on with what it has. */
  private static List<Endpoint> draining(
      List<Candidate> candidates, Destinations internal, Destinations external) {
    var chosen = new HashSet<>(internal.endpoints());
    chosen.addAll(external.endpoints());
    return endpoints(candidates, c -> !chosen.contains(c.endpoint));
  }
}
