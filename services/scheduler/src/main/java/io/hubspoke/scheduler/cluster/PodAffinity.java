package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.WeightedPodAffinityTerm;
import java.util.List;
import java.util.Map;

/**
 * Which other pods a pod wants near and which it wants far, and how much.
 *
 * @param near without which it doesn't run
 * @param far with which it doesn't run
 * @param preferred with weights; those of pods that it would rather not have near are negative
 */
public record PodAffinity(
    List<AffinityTerm> near, List<AffinityTerm> far, List<Weighted> preferred) {
  static final PodAffinity NONE = new PodAffinity(List.of(), List.of(), List.of());

  /** A wish. */
  public record Weighted(AffinityTerm term, int weight) {}

  static PodAffinity of(Affinity affinity, String namespace, Map<String, String> labels) {
    if (affinity == null
        || (affinity.getPodAffinity() == null && affinity.getPodAntiAffinity() == null)) {
      return NONE;
    }
    var wanted = affinity.getPodAffinity();
    var unwanted = affinity.getPodAntiAffinity();
    var preferred = new java.util.ArrayList<Weighted>();
    if (wanted != null) {
      weigh(
          wanted.getPreferredDuringSchedulingIgnoredDuringExecution(),
          1,
          namespace,
          labels,
          preferred);
    }
    if (unwanted != null) {
      weigh(
          unwanted.getPreferredDuringSchedulingIgnoredDuringExecution(),
          -1,
          namespace,
          labels,
          preferred);
    }
    return new PodAffinity(
        wanted == null
            ? List.of()
            : terms(wanted.getRequiredDuringSchedulingIgnoredDuringExecution(), namespace, labels),
        unwanted == null
            ? List.of()
            : terms(
                unwanted.getRequiredDuringSchedulingIgnoredDuringExecution(), namespace, labels),
        List.copyOf(preferred));
  }

  public boolean isEmpty() {
    return near.isEmpty() && far.isEmpty() && preferred.isEmpty();
  }

  private static List<AffinityTerm> terms(
      List<PodAffinityTerm> terms, String namespace, Map<String, String> labels) {
    return terms == null
        ? List.of()
        : terms.stream().map(term -> AffinityTerm.of(term, namespace, labels)).toList();
  }

  private static void weigh(
      List<WeightedPodAffinityTerm> terms,
      int sign,
      String namespace,
      Map<String, String> labels,
      List<Weighted> all) {
    if (terms != null) {
      for (var term : terms) {
        var weight = term.getWeight() == null ? 0 : term.getWeight();
        if (weight != 0 && term.getPodAffinityTerm() != null) {
          all.add(
              new Weighted(
                  AffinityTerm.of(term.getPodAffinityTerm(), namespace, labels), sign * weight));
        }
      }
    }
  }
}
