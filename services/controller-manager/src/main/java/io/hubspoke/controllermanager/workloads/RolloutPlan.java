package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Works out how large each of a deployment's replica sets is to be next ("Deployments"). */
final class RolloutPlan {
  /** One replica set and the size that it is to have. */
  record Resize(ReplicaSet set, int replicas) {}

  private static final Comparator<ReplicaSet> OLDEST =
      Comparator.comparing(RolloutPlan::created).thenComparing(set -> set.getMetadata().getName());

  private RolloutPlan() {}

  static List<ReplicaSet> oldestFirst(Collection<ReplicaSet> sets) {
    return sets.stream().sorted(OLDEST).toList();
  }

  static Instant created(ReplicaSet set) {
    var created = PodState.time(set.getMetadata().getCreationTimestamp());
    return created == null ? Instant.MAX : created;
  }

  static int size(ReplicaSet set) {
    return ReplicaKind.number(set.getSpec().getReplicas(), 1);
  }

  static int available(ReplicaSet set) {
    return set.getStatus() == null
        ? 0
        : ReplicaKind.number(set.getStatus().getAvailableReplicas(), 0);
  }

  private static int sizes(Collection<ReplicaSet> sets) {
    return sets.stream().mapToInt(RolloutPlan::size).sum();
  }

  /**
   * Returns how large the set of the present template may be while others are there.
   *
   * @param size what it has now; 0 before it is created
   */
  static int newSize(Deployment deployment, int size, Collection<ReplicaSet> old) {
    int replicas = DeploymentRules.replicas(deployment);
    if (!DeploymentRules.isRolling(deployment) || size > replicas) {
      return replicas;
    }
    int room = replicas + DeploymentRules.maxSurge(deployment) - sizes(old) - size;
    return size + Math.max(0, Math.min(room, replicas - size));
  }

  /**
   * Returns which old sets shrink in a rolling update: first by pods that are not available anyway,
   * then by what the available ones can spare.
   */
  static List<Resize> shrinkOld(
      Deployment deployment, ReplicaSet newest, Collection<ReplicaSet> old) {
    int least = DeploymentRules.replicas(deployment) - DeploymentRules.maxUnavailable(deployment);
    // What the new set lacks counts as gone, or it would be waited for while nothing is left.
    int missing = size(newest) - available(newest);
    int spare = sizes(old) + size(newest) - least - missing;
    if (spare <= 0) {
      return List.of();
    }
    var next = new LinkedHashMap<ReplicaSet, Integer>();
    for (var set : oldestFirst(old)) {
      int unhealthy = Math.max(0, Math.min(spare, size(set) - available(set)));
      next.put(set, size(set) - unhealthy);
      spare -= unhealthy;
    }
    int healthy = available(newest) + old.stream().mapToInt(RolloutPlan::available).sum() - least;
    for (var entry : next.entrySet()) {
      int fewer = Math.max(0, Math.min(healthy, entry.getValue()));
      entry.setValue(entry.getValue() - fewer);
      healthy -= fewer;
    }
    return resized(next);
  }

  /** Returns what brings every set to no pods. */
  static List<Resize> empty(Collection<ReplicaSet> sets) {
    return sets.stream().filter(set -> size(set) > 0).map(set -> new Resize(set, 0)).toList();
  }

  /** Returns whether the deployment was scaled since its sets were last resized. */
  static boolean isScaled(Deployment deployment, Collection<ReplicaSet> sets) {
    var desired = String.valueOf(DeploymentRules.replicas(deployment));
    return sets.stream()
        .filter(set -> size(set) > 0)
        .map(set -> Revisions.annotation(set, Revisions.DESIRED))
        .anyMatch(annotation -> !annotation.isEmpty() && !annotation.equals(desired));
  }

  /**
   * Returns what a scaled deployment's sets become: the only one all of it, several in the midst of
   * a rollout each its share ("Proportional scaling"). All are named, also those whose size stays.
   *
   * @param newest null when there is no set of the present template
   */
  static List<Resize> scale(Deployment deployment, ReplicaSet newest, Collection<ReplicaSet> old) {
    int replicas = DeploymentRules.replicas(deployment);
    var all =
        newest == null ? List.copyOf(old) : Stream.concat(Stream.of(newest), old.stream()).toList();
    var active = all.stream().filter(set -> size(set) > 0).toList();
    if (active.size() < 2) {
      var latest =
          newest == null
              ? oldestFirst(old).reversed().stream().findFirst()
              : java.util.Optional.of(newest);
      return active.stream()
          .findFirst()
          .or(() -> latest)
          .map(set -> new Resize(set, replicas))
          .stream()
          .toList();
    }
    if (isSaturated(deployment, newest)) {
      return empty(old);
    }
    return DeploymentRules.isRolling(deployment) ? proportional(deployment, active) : List.of();
  }

  private static boolean isSaturated(Deployment deployment, ReplicaSet newest) {
    int replicas = DeploymentRules.replicas(deployment);
    return newest != null
        && Revisions.annotation(newest, Revisions.DESIRED).equals(String.valueOf(replicas))
        && size(newest) == replicas
        && available(newest) == replicas;
  }

  private static List<Resize> proportional(Deployment deployment, List<ReplicaSet> active) {
    int replicas = DeploymentRules.replicas(deployment);
    int most = replicas > 0 ? replicas + DeploymentRules.maxSurge(deployment) : 0;
    int change = most - sizes(active);
    // The largest first, and among equals the newest when growing, the oldest when shrinking.
    var byAge = change > 0 ? OLDEST.reversed() : OLDEST;
    var order = Comparator.comparingInt(RolloutPlan::size).reversed().thenComparing(byAge);
    var next = new LinkedHashMap<ReplicaSet, Integer>();
    int left = change;
    for (var set : active.stream().sorted(order).toList()) {
      int share = change == 0 ? 0 : share(deployment, set);
      int part = change > 0 ? Math.min(share, left) : Math.max(share, left);
      next.put(set, size(set) + part);
      left -= part;
    }
    var resizes = new ArrayList<Resize>();
    for (var entry : next.entrySet()) {
      // What rounding has left over goes to the first.
      int size = entry.getValue() + (resizes.isEmpty() ? left : 0);
      resizes.add(new Resize(entry.getKey(), Math.max(0, size)));
    }
    return resizes;
  }

  /** Returns by how much a set changes when it keeps its share of the whole. */
  private static int share(Deployment deployment, ReplicaSet set) {
    int replicas = DeploymentRules.replicas(deployment);
    if (replicas == 0) {
      return -size(set);
    }
    long before = Revisions.number(set, Revisions.MAX);
    if (before <= 0) {
      before =
          deployment.getStatus() == null
              ? 0
              : ReplicaKind.number(deployment.getStatus().getReplicas(), 0);
    }
    if (before <= 0) {
      return 0;
    }
    double most = replicas + DeploymentRules.maxSurge(deployment);
    return (int) Math.round(size(set) * most / before) - size(set);
  }

  private static List<Resize> resized(Map<ReplicaSet, Integer> next) {
    return next.entrySet().stream()
        .filter(entry -> size(entry.getKey()) != entry.getValue())
        .map(entry -> new Resize(entry.getKey(), entry.getValue()))
        .toList();
  }

  /** Returns which old sets are more than the history keeps, the oldest first. */
  static List<ReplicaSet> forgotten(Deployment deployment, Collection<ReplicaSet> old) {
    var limit = deployment.getSpec().getRevisionHistoryLimit();
    if (limit == null || limit == Integer.MAX_VALUE) {
      return List.of();
    }
    var kept = old.stream().filter(s -> s.getMetadata().getDeletionTimestamp() == null).toList();
    return kept.stream()
        .sorted(
            Comparator.comparingLong((ReplicaSet s) -> Revisions.number(s, Revisions.REVISION))
                .thenComparing(OLDEST))
        .limit(Math.max(0, kept.size() - limit))
        .filter(RolloutPlan::isIdle)
        .toList();
  }

  private static boolean isIdle(ReplicaSet set) {
    var status = set.getStatus();
    return size(set) == 0
        && status != null
        && ReplicaKind.number(status.getReplicas(), 0) == 0
        && status.getObservedGeneration() != null
        && status.getObservedGeneration() >= set.getMetadata().getGeneration();
  }
}
