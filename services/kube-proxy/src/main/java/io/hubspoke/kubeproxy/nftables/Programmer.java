package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.kubeproxy.ProxierFactory.Warnings;
import io.hubspoke.kubeproxy.nftables.Frontend.Claim;
import io.hubspoke.kubeproxy.nftables.Frontend.Landing;
import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Works out what one rule needs in the table. Its outcome depends on the rule alone, so that what
 * was programmed for a rule need not be kept.
 *
 * <p>Kubernetes' own kube-proxy gives each endpoint a chain and each service an anonymous map that
 * chooses one. The kernel names an anonymous map by looking at all that there are, so that 5,000
 * services took 13 s here, and nft reads all names of chains before any change, 0.2 s of 55,000.
 * Hence a rule in the service's chain for each endpoint, the i-th with the chance of one in what is
 * left, which took 1.2 s and 0.02 s; chains of their own have only endpoints that clients stay
 * with.
 */
final class Programmer {
  /** From here on, evaluating rule after rule costs more than a map. */
  private static final int MOST_RULES = 64;

  private static final String REJECT = "goto " + BaseRules.REJECT;
  private static final String DROP = "drop";

  private final Family family;
  private final boolean podsKnown;

  Programmer(Family family, NftablesOptions options) {
    this.family = family;
    this.podsKnown = BaseRules.knowsPods(family, options);
  }

  /**
   * Returns what a rule needs.
   *
   * @param warnings hears of what is left out
   */
  ServiceProgram program(ServiceRule rule, Warnings warnings) {
    Optional<String> clusterIp = address(rule.clusterIp(), rule, warnings);
    List<String> externalIps = new ArrayList<>();
    for (String ip : rule.externalIps()) {
      address(ip, rule, warnings).ifPresent(externalIps::add);
    }
    boolean ours = clusterIp.isPresent();
    if (!ours && externalIps.isEmpty()) {
      return ServiceProgram.NOTHING;
    }
    List<Backend> internal = backends(rule.internal(), rule, warnings);
    List<Backend> external = backends(rule.external(), rule, warnings);
    var one = new OneService(rule, internal, external);
    Map<Frontend, Claim> frontends = new LinkedHashMap<>();
    var protocol = rule.name().protocol();
    String service = rule.name() + "/" + protocol;
    clusterIp.ifPresent(
        ip ->
            frontends.put(
                new Frontend(ip, protocol, rule.port()), new Claim(0, service, one.inside())));
    if (rule.nodePort() > 0 || !externalIps.isEmpty()) {
      var landing = one.outside();
      for (String ip : externalIps) {
        frontends.putIfAbsent(
            new Frontend(ip, protocol, rule.port()), new Claim(1, service, landing));
      }
      if (rule.nodePort() > 0 && ours) {
        frontends.put(new Frontend("", protocol, rule.nodePort()), new Claim(0, service, landing));
      }
    }
    return new ServiceProgram(
        one.chains, one.affinitySets, frontends, clusterIp.map(Set::of).orElse(Set.of()), one.used);
  }

  private Optional<String> address(String text, ServiceRule rule, Warnings warnings) {
    try {
      var address = family.address(text);
      if (address.isPresent() && address.get().isLoopbackAddress()) {
        warnings.warn(
            rule.name(),
            "AddressNotSupported",
            "%s is a loopback address, to and from which the mode nftables of kube-proxy does not lead"
                .formatted(address.get().getHostAddress()));
        return Optional.empty();
      }
      return address.map(a -> a.getHostAddress());
    } catch (IllegalArgumentException e) {
      warnings.warn(rule.name(), "InvalidAddress", e.getMessage());
      return Optional.empty();
    }
  }

  private List<Backend> backends(Destinations destinations, ServiceRule rule, Warnings warnings) {
    Set<Backend> backends = new LinkedHashSet<>();
    for (Endpoint endpoint : destinations.endpoints()) {
      if (endpoint.port() > 0 && endpoint.port() <= 65535) {
        address(endpoint.ip(), rule, warnings)
            .ifPresent(ip -> backends.add(new Backend(ip, endpoint.port())));
      }
    }
    return List.copyOf(backends);
  }

  /** Gathers what a service needs. */
  private final class OneService {
    private final ServiceRule rule;
    private final ChainNames names;
    private final String protocol;
    private final List<Backend> internal;
    private final List<Backend> external;
    private final Map<String, List<String>> chains = new LinkedHashMap<>();
    private final Map<String, Long> affinitySets = new LinkedHashMap<>();
    private final Set<String> used = new LinkedHashSet<>();

    OneService(ServiceRule rule, List<Backend> internal, List<Backend> external) {
      this.rule = rule;
      this.names = new ChainNames(rule.name());
      this.protocol = Frontend.word(rule.name().protocol());
      this.internal = internal;
      this.external = external;
    }

    Landing inside() {
      return internal.isEmpty()
          ? new Landing(null, rule.internal().elsewhere() ? DROP : REJECT)
          : new Landing(internalChain(), null);
    }

    /**
     * Connections from outside get the node's address, so that answers come back through it, unless
     * they can only end on this node. Then those of pods and of the node itself are led as from
     * inside: they could have reached a load balancer, which finds endpoints elsewhere.
     */
    Landing outside() {
      List<String> rules = new ArrayList<>();
      String refusal = null;
      if (!rule.externalLocal()) {
        rules.add("jump " + BaseRules.MARK);
      } else if (!internal.isEmpty()) {
        if (podsKnown) {
          rules.add(
              family.keyword + " saddr @" + BaseRules.CLUSTER_CIDRS + " goto " + internalChain());
        }
        rules.add("fib saddr type local jump " + BaseRules.MARK);
        rules.add("fib saddr type local goto " + internalChain());
      }
      if (external.isEmpty()) {
        boolean elsewhere = rule.external().elsewhere() || !internal.isEmpty();
        refusal = elsewhere ? DROP : REJECT;
        if (!rule.externalLocal() || rules.isEmpty()) {
          return new Landing(null, refusal);
        }
      } else if (external.equals(internal)) {
        rules.add("goto " + internalChain());
      } else {
        rules.add("goto " + choice(names.outside(), external));
      }
      chains.put(names.external(), rules);
      return new Landing(names.external(), refusal);
    }

    private String internalChain() {
      return choice(names.service(), internal);
    }

    /** Makes a chain that chooses among endpoints, once, and returns its name. */
    private String choice(String chain, List<Backend> backends) {
      if (!chains.containsKey(chain)) {
        backends.forEach(backend -> used.add(backend.ip()));
        chains.put(chain, rule.affinity().isPositive() ? faithful(backends) : anyOf(backends));
      }
      return chain;
    }

    private List<String> anyOf(List<Backend> backends) {
      int count = backends.size();
      if (count > MOST_RULES) {
        StringBuilder map = new StringBuilder("meta l4proto ").append(protocol);
        map.append(" dnat ").append(family.keyword).append(" addr . port to numgen random mod ");
        map.append(count).append(" map { ");
        for (int i = 0; i < count; i++) {
          var backend = backends.get(i);
          map.append(i == 0 ? "" : ", ").append(i).append(" : ");
          map.append(backend.ip()).append(" . ").append(backend.port());
        }
        return List.of(map.append(" }").toString());
      }
      List<String> rules = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        String chance = i == count - 1 ? "" : "numgen random mod " + (count - i) + " 0 ";
        rules.add(chance + dnat(backends.get(i)));
      }
      return rules;
    }

    private List<String> faithful(List<Backend> backends) {
      List<String> rules = new ArrayList<>();
      List<String> choices = new ArrayList<>();
      for (Backend backend : backends) {
        String chain = names.endpoint(backend);
        String set = names.affinity(backend);
        String client = family.keyword + " saddr";
        affinitySets.put(set, Math.max(1, rule.affinity().toSeconds()));
        chains.put(chain, List.of("update @" + set + " { " + client + " }", dnat(backend)));
        rules.add(client + " @" + set + " goto " + chain);
        choices.add(choices.size() + " : goto " + chain);
      }
      rules.add(
          "numgen random mod " + choices.size() + " vmap { " + String.join(", ", choices) + " }");
      return rules;
    }

    private String dnat(Backend backend) {
      String ip = family == Family.IPV4 ? backend.ip() : "[" + backend.ip() + "]";
      return "meta l4proto " + protocol + " dnat to " + ip + ":" + backend.port();
    }
  }
}
