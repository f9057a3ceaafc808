package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Works out at which addresses connections to services arrive. What the apiserver has given to one
 * service comes first, since no other can have it; external addresses are whatever their services'
 * authors wrote, who may have meant to catch what is for others.
 *
 * <p>Each takes a file of the process, so one service has only so many, and all external ones
 * together: their number is for everybody to choose.
 */
final class Entrances {
  /** More than the ports of any service that somebody meant. */
  static final int MOST_OF_SERVICE = 256;

  static final int MOST_EXTERNAL = 1024;

  /** What one reads who looks for why. */
  private static final int MOST_PROBLEMS = 1000;

  private final Map<InetSocketAddress, Entrance> found = new LinkedHashMap<>();
  private final Map<String, Integer> ofService = new HashMap<>();
  private final Map<String, Integer> leftOut = new TreeMap<>();
  private final Set<Integer> nodePorts = new HashSet<>();
  private final Set<String> problems = new LinkedHashSet<>();

  /**
   * An address of a service.
   *
   * @param external whether connections from outside the cluster come to it
   */
  record Entrance(Front front, boolean external) {
    private ServicePortName name() {
      return front.rule().name();
    }

    private String service() {
      return name().namespace() + "/" + name().service();
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
    var before = found.size();
    for (var front : leading) {
      var entrance = new Entrance(front, true);
      var ips = front.rule().externalIps();
      if (ips.size() > MOST_OF_SERVICE) {
        leaveOut(entrance, ips.size() - MOST_OF_SERVICE);
      }
      for (var text : ips.subList(0, Math.min(MOST_OF_SERVICE, ips.size()))) {
        var at = address(text);
        if (virtual.contains(at)) {
          problem(entrance.service() + ": " + text + " is the virtual address of a service");
        } else if (found.size() - before >= MOST_EXTERNAL) {
          leaveOut(entrance, 1);
        } else {
          enter(at, front.rule().port(), entrance);
        }
      }
    }
    leftOut.forEach(
        (service, count) ->
            problem(service + ": " + count + " of its addresses are too many to listen on"));
  }

  private void enter(InetAddress at, int port, Entrance entrance) {
    var address = new InetSocketAddress(at, port);
    var other = found.get(address);
    if (other != null) {
      problem(entrance.name() + ": " + address + " is another service's: " + other.name());
    } else if (ofService.merge(entrance.service(), 1, Integer::sum) > MOST_OF_SERVICE) {
      leaveOut(entrance, 1);
    } else {
      found.put(address, entrance);
    }
  }

  private void leaveOut(Entrance entrance, int count) {
    leftOut.merge(entrance.service(), count, Integer::sum);
  }

  private void problem(String what) {
    if (problems.size() < MOST_PROBLEMS) {
      problems.add(what);
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

  /** Returns what was left out and why, for people. */
  Set<String> problems() {
    return Set.copyOf(problems);
  }

  /** Returns which service each address is listened on for. */
  Map<InetSocketAddress, ServicePortName> services() {
    var services = new LinkedHashMap<InetSocketAddress, ServicePortName>();
    found.forEach((address, entrance) -> services.put(address, entrance.name()));
    return services;
  }
}
