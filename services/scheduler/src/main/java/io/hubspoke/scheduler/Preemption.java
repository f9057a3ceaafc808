package io.hubspoke.scheduler;

import io.hubspoke.scheduler.Filters.Rejection;
import io.hubspoke.scheduler.Placement.Remedy;
import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the pods whose end would let a more important one run ("Pod Priority and Preemption"): as
 * few, as unimportant and with as few budgets broken as can be. It changes nothing.
 */
final class Preemption {
  private static final String UNHELPFUL = "Preemption is not helpful for scheduling";
  private static final String NO_VICTIMS = "No preemption victims found for incoming pod";

  /** Candidates to choose from: at least so many, and a tenth of the nodes. */
  private static final int CANDIDATES = 100;

  /** Keeps the most important first, and of those the one that runs longest. */
  private static final Comparator<PodInfo> IMPORTANT_FIRST =
      Comparator.comparingInt(PodInfo::priority)
          .reversed()
          .thenComparing(Preemption::started)
          .thenComparing(PodInfo::uid);

  /** What came of an attempt; the message is empty when there is a way. */
  record Outcome(String message, Remedy remedy) {}

  private record Candidate(NodeInfo node, List<PodInfo> victims, int broken) {}

  /** The real one's order: each rule decides among those that the former ones left equal. */
  private static final Comparator<Candidate> BEST_FIRST =
      Comparator.comparingInt(Candidate::broken)
          .thenComparingInt(candidate -> candidate.victims.getFirst().priority())
          .thenComparingLong(
              candidate ->
                  candidate.victims.stream().mapToLong(pod -> pod.priority() + (1L << 31)).sum())
          .thenComparingInt(candidate -> candidate.victims.size())
          .thenComparing(Preemption::earliestStart, Comparator.reverseOrder())
          .thenComparing(candidate -> candidate.node.name());

  private final ClusterState cluster;

  Preemption(ClusterState cluster) {
    this.cluster = cluster;
  }

  /** Says that there is no node on which anything could be gained. */
  Outcome unhelpful() {
    var nodes = cluster.nodes().size();
    return new Outcome(new FitError(nodes).add(UNHELPFUL, nodes).message(), new Remedy.Nothing());
  }

  Outcome attempt(PodInfo pod, Filters filters, Map<NodeInfo, Rejection> rejections) {
    var ineligible = ineligible(pod, rejections);
    if (!ineligible.isEmpty()) {
      return new Outcome(ineligible, new Remedy.Wait());
    }
    var all = cluster.nodes().size();
    var enough = Math.max(CANDIDATES, all / 10);
    var error = new FitError(all);
    var failed = 0;
    var candidates = new ArrayList<Candidate>();
    for (var entry : rejections.entrySet()) {
      if (entry.getValue().refusal().curable() && candidates.size() < enough) {
        var reasons = new ArrayList<String>();
        var candidate = candidate(pod, entry.getKey(), filters, reasons);
        if (candidate != null) {
          candidates.add(candidate);
        } else {
          failed++;
          error.add(reasons);
        }
      }
    }
    return candidates.stream()
        .min(BEST_FIRST)
        .map(best -> new Outcome("", new Remedy.Preempt(best.node.name(), best.victims)))
        .orElse(new Outcome(error.add(UNHELPFUL, all - failed).message(), new Remedy.Nothing()));
  }

  private String ineligible(PodInfo pod, Map<NodeInfo, Rejection> rejections) {
    if ("Never".equals(pod.pod().getSpec().getPreemptionPolicy())) {
      return "not eligible due to preemptionPolicy=Never.";
    }
    var nominated = cluster.node(cluster.nominationOf(pod.uid()));
    if (nominated != null) {
      var rejection = rejections.get(nominated);
      var lasting = rejection != null && !rejection.refusal().curable();
      if (!lasting
          && nominated.pods().stream()
              .anyMatch(other -> other.priority() < pod.priority() && cluster.isPreempted(other))) {
        return "not eligible due to a terminating pod on the nominated node.";
      }
    }
    return "";
  }

  /** Removes all that may be removed, then puts back what may stay, the most important first. */
  private Candidate candidate(PodInfo pod, NodeInfo node, Filters filters, List<String> reasons) {
    var potential =
        node.pods().stream()
            .filter(other -> other.priority() < pod.priority())
            .sorted(IMPORTANT_FIRST)
            .toList();
    if (potential.isEmpty()) {
      reasons.add(NO_VICTIMS);
      return null;
    }
    potential.forEach(other -> filters.supposeGone(other, node));
    var rejection = filters.rejection(node);
    if (rejection != null) {
      potential.forEach(other -> filters.suppose(other, node));
      reasons.addAll(rejection.refusal().reasons());
      return null;
    }
    var breaking = breakingBudgets(potential);
    var victims = new ArrayList<PodInfo>();
    var broken = 0;
    for (var other : breaking) {
      if (!staysWith(other, node, filters)) {
        victims.add(other);
        broken++;
      }
    }
    for (var other : potential) {
      if (!breaking.contains(other) && !staysWith(other, node, filters)) {
        victims.add(other);
      }
    }
    victims.sort(IMPORTANT_FIRST);
    victims.forEach(other -> filters.suppose(other, node));
    if (victims.isEmpty()) {
      // All could stay: what refused the node at first was a pod that is only expected there.
      reasons.add(NO_VICTIMS);
      return null;
    }
    return new Candidate(node, List.copyOf(victims), broken);
  }

  private static boolean staysWith(PodInfo other, NodeInfo node, Filters filters) {
    filters.suppose(other, node);
    if (filters.rejection(node) == null) {
      return true;
    }
    filters.supposeGone(other, node);
    return false;
  }

  /** Returns the pods whose end their budgets don't allow, when all of them were to end. */
  private List<PodInfo> breakingBudgets(List<PodInfo> pods) {
    if (cluster.budgets().isEmpty()) {
      return List.of();
    }
    var breaking = new ArrayList<PodInfo>();
    var left = new HashMap<Object, Integer>();
    for (var pod : pods) {
      var breaks = false;
      for (var budget : cluster.budgets()) {
        if (budget.counts(pod)) {
          breaks |= left.merge(budget, budget.allowed() - 1, (before, first) -> before - 1) < 0;
        }
      }
      if (breaks) {
        breaking.add(pod);
      }
    }
    return breaking;
  }

  /** Returns since when the first of the most important victims runs. */
  private static Instant earliestStart(Candidate candidate) {
    var most = candidate.victims.getFirst().priority();
    return candidate.victims.stream()
        .filter(pod -> pod.priority() == most)
        .map(Preemption::started)
        .min(Comparator.naturalOrder())
        .orElse(Instant.MAX);
  }

  /** Returns since when a pod runs; one that doesn't yet comes last. */
  private static Instant started(PodInfo pod) {
    var status = pod.pod().getStatus();
    try {
      return status == null || status.getStartTime() == null
          ? Instant.MAX
          : Instant.parse(status.getStartTime());
    } catch (DateTimeParseException e) {
      return Instant.MAX;
    }
  }
}
