package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.kubeproxy.ProxierFactory.Warnings;
import io.hubspoke.kubeproxy.nftables.Frontend.Claim;
import io.hubspoke.kubeproxy.nftables.Frontend.Landing;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Knows what a table contains and works out what leads from there to other rules. What it returns
 * has to be carried out; when that fails, it is of no more use, and a new one begins anew.
 */
final class ProgrammedTable {
  private static final Warnings SAID_BEFORE = (service, reason, message) -> {};

  private final Family family;
  private final NftablesOptions options;
  private final Programmer programmer;
  private final Map<ServicePortName, ServiceRule> rules = new HashMap<>();
  private final Map<Frontend, TreeSet<Claim>> claims = new HashMap<>();
  private final Map<String, Integer> clusterIps = new HashMap<>();
  private final Map<String, Integer> backends = new HashMap<>();
  private boolean begun;

  ProgrammedTable(Family family, NftablesOptions options) {
    this.family = family;
    this.options = options;
    this.programmer = new Programmer(family, options);
  }

  /**
   * Returns what has to change for these rules.
   *
   * @param changed takes the rules that are new or other than before
   * @param gone takes those that there were and are no more, in this form at least
   * @param warnings hears of what can't be forwarded
   */
  Transaction change(
      List<ServiceRule> wanted,
      Consumer<ServiceRule> changed,
      Consumer<ServiceRule> gone,
      Warnings warnings) {
    var transaction =
        new Transaction(
            family, options.table(), begun ? List.of() : BaseRules.lines(family, options));
    begun = true;
    var step = new Step(transaction);
    Map<ServicePortName, ServiceRule> now = new LinkedHashMap<>(wanted.size() * 2);
    for (ServiceRule rule : wanted) {
      if (isOurs(rule)) {
        now.put(rule.name(), rule);
      }
    }
    for (var rule : now.values()) {
      var before = rules.get(rule.name());
      if (!rule.equals(before)) {
        changed.accept(rule);
        if (before != null) {
          gone.accept(before);
        }
        step.replace(program(before, SAID_BEFORE), program(rule, warnings));
      }
    }
    rules
        .values()
        .removeIf(
            before -> {
              if (now.containsKey(before.name())) {
                return false;
              }
              gone.accept(before);
              step.replace(program(before, SAID_BEFORE), ServiceProgram.NOTHING);
              return true;
            });
    rules.putAll(now);
    step.finish();
    return transaction;
  }

  private ServiceProgram program(ServiceRule rule, Warnings warnings) {
    return rule == null ? ServiceProgram.NOTHING : programmer.program(rule, warnings);
  }

  private boolean isOurs(ServiceRule rule) {
    return (rule.clusterIp().indexOf(':') >= 0) == (family == Family.IPV6);
  }

  /** One change: what several services share is looked at when all of them are done. */
  private final class Step {
    private final Transaction transaction;
    private final Map<Frontend, Landing> landings = new LinkedHashMap<>();
    private final Map<String, Boolean> ipsBefore = new LinkedHashMap<>();
    private final Map<String, Boolean> backendsBefore = new LinkedHashMap<>();

    Step(Transaction transaction) {
      this.transaction = transaction;
    }

    void replace(ServiceProgram before, ServiceProgram after) {
      chains(before, after);
      before.frontends().forEach((frontend, claim) -> unclaim(frontend, claim));
      after.frontends().forEach((frontend, claim) -> claim(frontend, claim));
      before.clusterIps().forEach(ip -> count(clusterIps, ipsBefore, ip, -1));
      after.clusterIps().forEach(ip -> count(clusterIps, ipsBefore, ip, 1));
      before.backends().forEach(ip -> count(backends, backendsBefore, ip, -1));
      after.backends().forEach(ip -> count(backends, backendsBefore, ip, 1));
    }

    private void chains(ServiceProgram before, ServiceProgram after) {
      // A set with another time-out has to be made anew, and what uses it too.
      boolean otherSets = false;
      for (var set : before.affinitySets().entrySet()) {
        Long seconds = after.affinitySets().get(set.getKey());
        if (!set.getValue().equals(seconds)) {
          transaction.deleteSet(set.getKey());
          otherSets |= seconds != null;
        }
      }
      for (var set : after.affinitySets().entrySet()) {
        if (!set.getValue().equals(before.affinitySets().get(set.getKey()))) {
          transaction.addSet(set.getKey(), set.getValue());
        }
      }
      for (var chain : after.chains().entrySet()) {
        var rules = before.chains().get(chain.getKey());
        if (rules == null) {
          transaction.addChain(chain.getKey(), chain.getValue());
        } else if (otherSets || !rules.equals(chain.getValue())) {
          transaction.replaceChain(chain.getKey(), chain.getValue());
        }
      }
      for (String chain : before.chains().keySet()) {
        if (!after.chains().containsKey(chain)) {
          transaction.deleteChain(chain);
        }
      }
    }

    private void claim(Frontend frontend, Claim claim) {
      landings.computeIfAbsent(frontend, f -> landing(f));
      claims.computeIfAbsent(frontend, f -> new TreeSet<>()).add(claim);
    }

    private void unclaim(Frontend frontend, Claim claim) {
      landings.computeIfAbsent(frontend, f -> landing(f));
      var all = claims.get(frontend);
      all.remove(claim);
      if (all.isEmpty()) {
        claims.remove(frontend);
      }
    }

    void finish() {
      landings.forEach(this::land);
      changed(clusterIps, ipsBefore, BaseRules.CLUSTER_IPS, ip -> ip);
      changed(backends, backendsBefore, BaseRules.HAIRPIN, ip -> ip + " . " + ip);
    }

    private void land(Frontend frontend, Landing before) {
      var after = landing(frontend);
      String key = frontend.key();
      element(
          BaseRules.chains(frontend),
          key,
          before.chain() == null ? null : "goto " + before.chain(),
          after.chain() == null ? null : "goto " + after.chain());
      element(BaseRules.refusals(frontend), key, before.refusal(), after.refusal());
    }

    private void element(String map, String key, String before, String after) {
      if (Objects.equals(before, after)) {
        return;
      }
      if (before != null) {
        transaction.deleteElement(map, key);
      }
      if (after != null) {
        transaction.addElement(map, key + " : " + after);
      }
    }

    private Landing landing(Frontend frontend) {
      var all = claims.get(frontend);
      return all == null ? new Landing(null, null) : all.first().landing();
    }

    private static void count(
        Map<String, Integer> counts, Map<String, Boolean> before, String ip, int more) {
      before.computeIfAbsent(ip, counts::containsKey);
      counts.merge(ip, more, (a, b) -> a + b == 0 ? null : a + b);
    }

    private void changed(
        Map<String, Integer> counts,
        Map<String, Boolean> before,
        String set,
        UnaryOperator<String> element) {
      before.forEach(
          (ip, was) -> {
            if (was && !counts.containsKey(ip)) {
              transaction.deleteElement(set, element.apply(ip));
            } else if (!was && counts.containsKey(ip)) {
              transaction.addElement(set, element.apply(ip));
            }
          });
    }
  }
}
