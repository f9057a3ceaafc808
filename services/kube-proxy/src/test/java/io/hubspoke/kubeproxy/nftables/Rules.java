package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.Protocol;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import java.time.Duration;
import java.util.List;

/** Rules as tests need them: a service with one port, changed step by step. */
final class Rules {
  private Rules() {}

  static ServiceRule tcp(String name, String ip, int port, Endpoint... endpoints) {
    return rule(name, Protocol.TCP, ip, port, endpoints);
  }

  static ServiceRule udp(String name, String ip, int port, Endpoint... endpoints) {
    return rule(name, Protocol.UDP, ip, port, endpoints);
  }

  static ServiceRule rule(
      String name, Protocol protocol, String ip, int port, Endpoint... endpoints) {
    var all = new Destinations(List.of(endpoints), false);
    return new ServiceRule(
        new ServicePortName("default", name, "", protocol),
        ip,
        port,
        0,
        List.of(),
        Duration.ZERO,
        all,
        all,
        false);
  }

  static ServiceRule nodePort(ServiceRule rule, int nodePort) {
    return new ServiceRule(
        rule.name(),
        rule.clusterIp(),
        rule.port(),
        nodePort,
        rule.externalIps(),
        rule.affinity(),
        rule.internal(),
        rule.external(),
        rule.externalLocal());
  }

  static ServiceRule externalIps(ServiceRule rule, String... ips) {
    return new ServiceRule(
        rule.name(),
        rule.clusterIp(),
        rule.port(),
        rule.nodePort(),
        List.of(ips),
        rule.affinity(),
        rule.internal(),
        rule.external(),
        rule.externalLocal());
  }

  static ServiceRule affinity(ServiceRule rule, Duration time) {
    return new ServiceRule(
        rule.name(),
        rule.clusterIp(),
        rule.port(),
        rule.nodePort(),
        rule.externalIps(),
        time,
        rule.internal(),
        rule.external(),
        rule.externalLocal());
  }

  /** With {@code externalTrafficPolicy: Local}. */
  static ServiceRule externalLocal(ServiceRule rule) {
    return new ServiceRule(
        rule.name(),
        rule.clusterIp(),
        rule.port(),
        rule.nodePort(),
        rule.externalIps(),
        rule.affinity(),
        rule.internal(),
        local(rule.external()),
        true);
  }

  /** With {@code internalTrafficPolicy: Local}. */
  static ServiceRule internalLocal(ServiceRule rule) {
    return new ServiceRule(
        rule.name(),
        rule.clusterIp(),
        rule.port(),
        rule.nodePort(),
        rule.externalIps(),
        rule.affinity(),
        local(rule.internal()),
        rule.external(),
        rule.externalLocal());
  }

  static ServiceRule draining(ServiceRule rule, Endpoint... endpoints) {
    return new ServiceRule(
        rule.name(),
        rule.clusterIp(),
        rule.port(),
        rule.nodePort(),
        rule.externalIps(),
        rule.affinity(),
        rule.internal(),
        rule.external(),
        rule.externalLocal(),
        List.of(endpoints));
  }

  private static Destinations local(Destinations all) {
    var here = all.endpoints().stream().filter(Endpoint::local).toList();
    return new Destinations(here, here.isEmpty() && !all.endpoints().isEmpty());
  }
}
