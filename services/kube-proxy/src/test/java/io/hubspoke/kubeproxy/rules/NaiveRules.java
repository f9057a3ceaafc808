package io.hubspoke.kubeproxy.rules;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The rules read off the objects in the plainest way, rule by rule from Kubernetes' documentation,
 * as lines of text. Knows nothing of how {@link RuleTable} does it.
 */
final class NaiveRules {
  private final String node;
  private final String zone;
  private final List<Service> services;
  private final List<EndpointSlice> slices;

  NaiveRules(String node, String zone, List<Service> services, List<EndpointSlice> slices) {
    this.node = node;
    this.zone = zone;
    this.services = services;
    this.slices = slices;
  }

  Set<String> lines() {
    var lines = new TreeSet<String>();
    for (var service : services) {
      var labels = service.getMetadata().getLabels();
      var ip = service.getSpec().getClusterIP();
      if (labels.keySet().stream().anyMatch(label -> label.startsWith("service.kubernetes.io/"))
          || service.getSpec().getType().equals("ExternalName")
          || ip == null
          || ip.isEmpty()
          || ip.equals("None")) {
        continue;
      }
      for (var port : service.getSpec().getPorts()) {
        lines.add(
            line(
                service,
                text(port.getName()),
                port.getProtocol() == null ? "TCP" : port.getProtocol(),
                port.getPort(),
                port.getNodePort() == null ? 0 : port.getNodePort()));
      }
    }
    return lines;
  }

  private String line(Service service, String name, String protocol, int port, int nodePort) {
    var spec = service.getSpec();
    var external = new ArrayList<String>();
    if (spec.getExternalIPs() != null) {
      external.addAll(spec.getExternalIPs());
    }
    if (service.getStatus() != null) {
      for (var ingress : service.getStatus().getLoadBalancer().getIngress()) {
        if (ingress.getIp() != null && !"Proxy".equals(ingress.getIpMode())) {
          external.add(ingress.getIp());
        }
      }
    }
    external.remove("nonsense");
    var six = spec.getClusterIP().contains(":");
    external.removeIf(address -> address.contains(":") != six);
    var reachable = nodePort != 0 || !external.isEmpty();
    var local = "Local".equals(spec.getExternalTrafficPolicy());
    // The policy is one of services that are reachable from outside by their type.
    local &= !spec.getType().equals("ClusterIP") || spec.getExternalIPs() != null;
    var all = endpoints(service, name, protocol);
    var inner = "Local".equals(spec.getInternalTrafficPolicy()) ? local(all) : cluster(all);
    var outer = !reachable ? "[] false" : local ? local(all) : cluster(all);
    var affinity = 0;
    if ("ClientIP".equals(spec.getSessionAffinity())) {
      var config = spec.getSessionAffinityConfig();
      affinity =
          config == null || config.getClientIP().getTimeoutSeconds() == null
              ? 10800
              : config.getClientIP().getTimeoutSeconds();
    }
    var chosen = inner + outer;
    var draining =
        all.keySet().stream().filter(address -> !chosen.contains(address)).sorted().toList();
    return String.join(
        " ",
        service.getMetadata().getNamespace(),
        service.getMetadata().getName(),
        name,
        protocol,
        spec.getClusterIP() + ":" + port,
        "" + nodePort,
        "" + external,
        "" + affinity,
        inner,
        outer,
        "" + (reachable && local),
        "" + draining);
  }

  /** Same words for the rules that are tested. */
  static String line(ServiceRule rule) {
    return String.join(
        " ",
        rule.name().namespace(),
        rule.name().service(),
        rule.name().port(),
        rule.name().protocol().name(),
        rule.clusterIp() + ":" + rule.port(),
        "" + rule.nodePort(),
        "" + rule.externalIps(),
        "" + rule.affinity().toSeconds(),
        line(rule.internal()),
        line(rule.external()),
        "" + rule.externalLocal(),
        "" + rule.draining().stream().map(NaiveRules::word).sorted().toList());
  }

  private static String line(ServiceRule.Destinations destinations) {
    return destinations.endpoints().stream().map(NaiveRules::word).sorted().toList()
        + " "
        + destinations.elsewhere();
  }

  private static String word(io.hubspoke.kubeproxy.rules.Endpoint endpoint) {
    return "<" + endpoint.ip() + ":" + endpoint.port() + (endpoint.local() ? "L" : "") + ">";
  }

  /** Each address with the endpoint that stands for it. */
  private Map<String, Endpoint> endpoints(Service service, String name, String protocol) {
    var best = new LinkedHashMap<String, Endpoint>();
    var sorted =
        slices.stream()
            .filter(slice -> slice.getMetadata().getNamespace().equals(namespace(service)))
            .filter(slice -> owner(slice).equals(service.getMetadata().getName()))
            .filter(
                slice ->
                    slice
                        .getAddressType()
                        .equals(service.getSpec().getClusterIP().contains(":") ? "IPv6" : "IPv4"))
            .sorted((x, y) -> x.getMetadata().getName().compareTo(y.getMetadata().getName()))
            .toList();
    for (var slice : sorted) {
      for (var port : slice.getPorts()) {
        var number = port.getPort() == null ? 0 : port.getPort();
        var same =
            text(port.getName()).equals(name)
                && (port.getProtocol() == null ? "TCP" : port.getProtocol()).equals(protocol);
        if (!same || number == 0) {
          continue;
        }
        for (var endpoint : slice.getEndpoints()) {
          if (!endpoint.getAddresses().isEmpty()) {
            var key = endpoint.getAddresses().getFirst() + ":" + number;
            var known = best.get(key);
            if (known == null || quality(endpoint) > quality(known)) {
              best.put(key, endpoint);
            }
          }
        }
      }
    }
    var named = new LinkedHashMap<String, Endpoint>();
    best.forEach(
        (key, endpoint) -> named.put("<" + key + (here(endpoint) ? "L" : "") + ">", endpoint));
    return named;
  }

  private static String namespace(Service service) {
    return service.getMetadata().getNamespace();
  }

  private static String owner(EndpointSlice slice) {
    var labels = slice.getMetadata().getLabels();
    return labels == null
            || labels.keySet().stream()
                .anyMatch(label -> label.startsWith("service.kubernetes.io/"))
        ? ""
        : labels.get("kubernetes.io/service-name");
  }

  /** One on this node is preferred, then a ready one, then one that still serves. */
  private int quality(Endpoint endpoint) {
    return (here(endpoint) ? 100 : 0) + (ready(endpoint) ? 10 : going(endpoint) ? 1 : 0);
  }

  private boolean here(Endpoint endpoint) {
    return node.equals(endpoint.getNodeName());
  }

  private static boolean ready(Endpoint endpoint) {
    return endpoint.getConditions() == null
        || endpoint.getConditions().getReady() == null
        || endpoint.getConditions().getReady();
  }

  private static boolean going(Endpoint endpoint) {
    var conditions = endpoint.getConditions();
    return !ready(endpoint)
        && (conditions.getServing() == null || conditions.getServing())
        && conditions.getTerminating() != null
        && conditions.getTerminating();
  }

  private String cluster(Map<String, Endpoint> all) {
    var ready = all.entrySet().stream().filter(e -> ready(e.getValue())).toList();
    if (ready.isEmpty()) {
      return words(all.entrySet().stream().filter(e -> going(e.getValue()))) + " false";
    }
    var everyoneHinted = ready.stream().allMatch(e -> !zones(e.getValue()).isEmpty());
    var ours = ready.stream().filter(e -> zones(e.getValue()).contains(zone)).toList();
    return words((everyoneHinted && !ours.isEmpty() ? ours : ready).stream()) + " false";
  }

  private String local(Map<String, Endpoint> all) {
    var here = all.entrySet().stream().filter(e -> here(e.getValue())).toList();
    var chosen = words(here.stream().filter(e -> ready(e.getValue())));
    if (chosen.isEmpty()) {
      chosen = words(here.stream().filter(e -> going(e.getValue())));
    }
    var any = all.values().stream().anyMatch(e -> ready(e) || going(e));
    return chosen + " " + (chosen.isEmpty() && any);
  }

  private static Set<String> zones(Endpoint endpoint) {
    var zones = new HashSet<String>();
    if (endpoint.getHints() != null) {
      endpoint.getHints().getForZones().forEach(zone -> zones.add(zone.getName()));
    }
    return zones;
  }

  private static List<String> words(Stream<Map.Entry<String, Endpoint>> endpoints) {
    return endpoints.map(Map.Entry::getKey).sorted().toList();
  }

  private static String text(String maybe) {
    return maybe == null ? "" : maybe;
  }
}
