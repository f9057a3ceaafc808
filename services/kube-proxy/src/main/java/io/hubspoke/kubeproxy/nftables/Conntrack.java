package io.hubspoke.kubeproxy.nftables;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.Protocol;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Has the kernel forget UDP flows to endpoints that have gone. Nothing tells a client that talks on
 * from the same port, and as long as it does the kernel leads it where it led the first packet.
 */
final class Conntrack {
  private final Tool tool;

  private Conntrack(Tool tool) {
    this.tool = tool;
  }

  static Optional<Conntrack> find(List<String> prefix) {
    return Tool.find("conntrack", prefix).map(Conntrack::new);
  }

  /** A flow as its first packet had it, and who answers. */
  private record Flow(String address, String port, String answerer, String answeringPort) {}

  /**
   * Has the flows forgotten of services that have changed.
   *
   * @param now the rules that they have now
   * @param before those that they had
   */
  void forget(Collection<ServiceRule> now, Collection<ServiceRule> before) throws IOException {
    Map<String, Set<String>> endpoints = new HashMap<>();
    Stream.concat(now.stream(), before.stream())
        .filter(Conntrack::isUdp)
        .forEach(rule -> addresses(rule, endpoints));
    if (endpoints.isEmpty()) {
      return;
    }
    for (ServiceRule rule : now) {
      if (isUdp(rule)) {
        Map<String, Set<String>> one = new HashMap<>();
        addresses(rule, one);
        Stream.of(rule.internal().endpoints(), rule.external().endpoints(), rule.draining())
            .flatMap(List::stream)
            .map(Conntrack::text)
            .forEach(endpoint -> one.keySet().forEach(at -> endpoints.get(at).add(endpoint)));
      }
    }
    for (Flow flow : stale(endpoints)) {
      // It fails when the flow has ended by itself.
      Tool.failure(
          tool.start(
              ProcessBuilder.Redirect.DISCARD,
              List.of(
                  "-D",
                  "-p",
                  "udp",
                  "--orig-dst",
                  flow.address,
                  "--orig-port-dst",
                  flow.port,
                  "--reply-src",
                  flow.answerer,
                  "--reply-port-src",
                  flow.answeringPort)));
    }
  }

  private Set<Flow> stale(Map<String, Set<String>> endpoints) throws IOException {
    var process = tool.start(ProcessBuilder.Redirect.PIPE, List.of("-L", "-p", "udp"));
    process.getOutputStream().close();
    // It says on standard error how many it has listed, which no pipe is too small for.
    Set<Flow> stale = new LinkedHashSet<>();
    try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        flow(line).filter(flow -> isStale(flow, endpoints)).ifPresent(stale::add);
      }
    }
    var failure = Tool.failure(process);
    if (failure.isPresent()) {
      throw new IOException("conntrack: " + failure.get().lines().findFirst().orElse(""));
    }
    return stale;
  }

  private static boolean isStale(Flow flow, Map<String, Set<String>> endpoints) {
    String answerer = flow.answerer + " " + flow.answeringPort;
    var there = endpoints.get(flow.address + " " + flow.port);
    if (there != null) {
      return !there.contains(answerer);
    }
    // Node ports are on addresses that only the kernel knows; what it left alone is not theirs.
    var atNodePort = endpoints.get(" " + flow.port);
    return atNodePort != null
        && !flow.answerer.equals(flow.address)
        && !atNodePort.contains(answerer);
  }

  /** Parses a line of {@code conntrack -L}: the packet there and the packet back, as key=value. */
  private static Optional<Flow> flow(String line) {
    String address = null;
    String port = null;
    String answerer = null;
    String answeringPort = null;
    int sources = 0;
    for (String part : line.split(" +", -1)) {
      if (part.startsWith("src=")) {
        sources++;
        answerer = part.substring(4);
      } else if (part.startsWith("sport=")) {
        answeringPort = part.substring(6);
      } else if (part.startsWith("dst=") && address == null) {
        address = part.substring(4);
      } else if (part.startsWith("dport=") && port == null) {
        port = part.substring(6);
      }
    }
    return sources == 2 && address != null && port != null && answeringPort != null
        ? Optional.of(new Flow(address, port, answerer, answeringPort))
        : Optional.empty();
  }

  private static void addresses(ServiceRule rule, Map<String, Set<String>> endpoints) {
    endpoints.computeIfAbsent(rule.clusterIp() + " " + rule.port(), at -> new HashSet<>());
    for (String ip : rule.externalIps()) {
      endpoints.computeIfAbsent(ip + " " + rule.port(), at -> new HashSet<>());
    }
    if (rule.nodePort() > 0) {
      endpoints.computeIfAbsent(" " + rule.nodePort(), at -> new HashSet<>());
    }
  }

  private static String text(Endpoint endpoint) {
    return endpoint.ip() + " " + endpoint.port();
  }

  private static boolean isUdp(ServiceRule rule) {
    return rule.name().protocol() == Protocol.UDP;
  }
}
