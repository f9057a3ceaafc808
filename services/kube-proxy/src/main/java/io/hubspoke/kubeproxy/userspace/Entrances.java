package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works out at which addresses connections to services arrive. What the apiserver has given to one
 * service comes first, since no other can have it; external addresses are whatever their services'
 * authors wrote, who may have meant to catch what is for others.
 */
final class Entrances {
  private static final Logger LOG = LoggerFactory.getLogger(Entrances.class);

  private final Map<InetSocketAddress, Entrance> found = new LinkedHashMap<>();
  private final Set<Integer> nodePorts = new HashSet<>();

  /**
   * An address of a service.
   *
   * @param external whether connections from outside the cluster come to it
   */
  record Entrance(Front front, boolean external) {
    private ServicePortName service() {
      return front.rule().name();
    }
  }

  /**
   * Works them out.
   *
   * @param rules all that there are, whose virtual addresses are no other's
   * @param fronts those that forward
   * @param node where node ports are
   */
  Entrances(Collection<ServiceRule> rules, Collection<Front> fronts, List<InetAddress> node) {
    // Where nobody could be led to, nobody listens, and a connection is refused at once.
    var leading =
        fronts.stream()
            .filter(front -> leads(front.rule().internal()) || leads(front.rule().external()))
            .toList();
    for (var front : leading) {
      if (leads(front.rule().internal())) {
        enter(address(front.rule().clusterIp()), front.rule().port(), new Entrance(front, false));
      }
    }
    for (var front : leading) {
      if (front.rule().nodePort() != 0) {
        nodePorts.add(front.rule().nodePort());
        node.forEach(at -> enter(at, front.rule().nodePort(), new Entrance(front, true)));
      }
    }
    var virtual = new HashSet<InetAddress>();
    rules.forEach(rule -> virtual.add(address(rule.clusterIp())));
    for (var front : leading) {
      for (var text : front.rule().externalIps()) {
        var at = address(text);
        if (virtual.contains(at)) {
          LOG.warn("{}: external address {} is a service's virtual one", front.rule().name(), text);
        } else {
          enter(at, front.rule().port(), new Entrance(front, true));
        }
      }
    }
  }

  private void enter(InetAddress at, int port, Entrance entrance) {
    var address = new InetSocketAddress(at, port);
    var other = found.putIfAbsent(address, entrance);
    if (other != null) {
      LOG.warn(
          "{}: {} is another service's already: {}", entrance.service(), address, other.service());
    }
  }

  private static InetAddress address(String literal) {
    return InetAddress.ofLiteral(literal);
  }

  private static boolean leads(ServiceRule.Destinations destinations) {
    return !destinations.endpoints().isEmpty() || destinations.elsewhere();
  }

  /** Returns where connections go by where they arrive. */
  Map<InetSocketAddress, Entrance> all() {
    return found;
  }

  /** Returns the ports that every node has for services. */
  Set<Integer> nodePorts() {
    return Set.copyOf(nodePorts);
  }

  /** Returns which service each address is listened on for. */
  Map<InetSocketAddress, ServicePortName> services() {
    var services = new LinkedHashMap<InetSocketAddress, ServicePortName>();
    found.forEach((address, entrance) -> services.put(address, entrance.service()));
    return services;
  }
}
