package io.hubspoke.kubeproxy.rules;

import io.fabric8.kubernetes.api.model.LoadBalancerIngressBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Makes up services and endpoint slices of few names, so that they meet, overlap and collide. */
final class RandomCluster {
  private static final List<String> PROTOCOLS = List.of("TCP", "TCP", "TCP", "UDP", "SCTP");
  private final Random random;

  RandomCluster(long seed) {
    random = new Random(seed);
  }

  int number(int bound) {
    return random.nextInt(bound);
  }

  private boolean seldom() {
    return random.nextInt(8) == 0;
  }

  private boolean half() {
    return random.nextBoolean();
  }

  @SafeVarargs
  private final <T> T one(T... of) {
    return of[random.nextInt(of.length)];
  }

  String namespace() {
    return one("a", "b");
  }

  String serviceName() {
    return "service-" + random.nextInt(4);
  }

  String sliceName() {
    return "slice-" + random.nextInt(8);
  }

  String zone() {
    return one("", "z1", "z2", "z3");
  }

  Service service() {
    var type = one("ClusterIP", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName");
    var builder =
        new ServiceBuilder()
            .withNewMetadata()
            .withNamespace(namespace())
            .withName(serviceName())
            .withLabels(labels(Map.of()))
            .endMetadata()
            .withNewSpec()
            .withType(type)
            .withClusterIP(
                seldom() ? one("None", "", null, "fd00::1") : "10.96.0." + (1 + number(9)))
            .withExternalTrafficPolicy(one("Local", "Cluster", null))
            .withInternalTrafficPolicy(one("Local", "Cluster", null))
            .withExternalIPs(
                seldom() ? List.of("192.0.2." + number(3), "nonsense", "2001::1") : null)
            .withSessionAffinity(one("None", "ClientIP", null))
            .withHealthCheckNodePort(half() ? 30000 + number(3) : null)
            .withPorts(ports(type))
            .endSpec();
    if (half()) {
      builder
          .editSpec()
          .withNewSessionAffinityConfig()
          .withNewClientIP(one(null, 60, 10800))
          .endSessionAffinityConfig()
          .endSpec();
    }
    if (type.equals("LoadBalancer") && half()) {
      builder
          .withNewStatus()
          .withNewLoadBalancer()
          .withIngress(
              new LoadBalancerIngressBuilder().withIp("198.51.100.1").build(),
              new LoadBalancerIngressBuilder()
                  .withIp("198.51.100.2")
                  .withIpMode(one("VIP", "Proxy", null))
                  .build(),
              new LoadBalancerIngressBuilder().withHostname("balancer.example").build())
          .endLoadBalancer()
          .endStatus();
    }
    return builder.build();
  }

  private List<ServicePort> ports(String type) {
    var ports = new ArrayList<ServicePort>();
    var names = half() ? List.of("") : List.of("http", "dns");
    for (var name : names) {
      ports.add(
          new ServicePortBuilder()
              .withName(name.isEmpty() ? one("", null) : name)
              .withProtocol(one("TCP", "TCP", "UDP", null))
              .withPort(80 + ports.size())
              .withNodePort(type.equals("ClusterIP") || seldom() ? null : 31000 + number(5))
              .build());
    }
    return ports;
  }

  private Map<String, String> labels(Map<String, String> some) {
    var labels = new HashMap<>(some);
    if (seldom() && half()) {
      labels.put("service.kubernetes.io/service-proxy-name", "other");
    }
    if (seldom() && half()) {
      labels.put("service.kubernetes.io/headless", "");
    }
    return labels;
  }

  EndpointSlice slice() {
    var ports = new ArrayList<EndpointPort>();
    for (var name : half() ? List.of("") : List.of("http", "dns", "more")) {
      ports.add(
          new EndpointPortBuilder()
              .withName(name.isEmpty() ? one("", null) : name)
              .withProtocol(seldom() ? null : PROTOCOLS.get(number(PROTOCOLS.size())))
              .withPort(seldom() ? one(null, 0) : 8080 + number(2))
              .build());
    }
    var endpoints = new ArrayList<Endpoint>();
    for (var i = number(6); i > 0; i--) {
      endpoints.add(endpoint());
    }
    return new EndpointSliceBuilder()
        .withNewMetadata()
        .withNamespace(namespace())
        .withName(sliceName())
        .withLabels(
            seldom() && half() ? null : labels(Map.of("kubernetes.io/service-name", serviceName())))
        .endMetadata()
        .withAddressType(seldom() ? one("IPv6", "FQDN") : "IPv4")
        .withPorts(ports)
        .withEndpoints(endpoints)
        .build();
  }

  private Endpoint endpoint() {
    var builder =
        new EndpointBuilder()
            .withAddresses(seldom() ? List.of() : List.of("10.0.0." + number(8), "10.0.9.9"))
            .withNodeName(one("node-1", "node-1", "node-2", "node-3", null));
    if (!seldom()) {
      builder
          .withNewConditions()
          .withReady(one(true, true, false, false, null))
          .withServing(one(true, false, null))
          .withTerminating(one(true, false, null))
          .endConditions();
    }
    if (!seldom()) {
      builder.withNewHints().addNewForZone(one("z1", "z1", "z2")).endHints();
    }
    return builder.build();
  }
}
