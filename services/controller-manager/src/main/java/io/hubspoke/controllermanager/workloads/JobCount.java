package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What a job's pods amount to, those included that its status has not counted yet. */
final class JobCount {
  /** The most pods that are created or deleted before the informer has shown them. */
  static final int BURST = 500;

  /** How a job ends. */
  record End(boolean success, String reason, String message) {
    static final End COMPLETE =
        new End(true, "CompletionsReached", "Reached expected number of succeeded pods");
  }

  private final Job job;
  private final List<Pod> pods;
  private final List<Pod> active;
  private final List<Pod> newSucceeded;
  private final List<Pod> newFailed;
  private final int succeeded;
  private final int failed;
  private final IndexSet completed;

  /**
   * Counts.
   *
   * @param countable the pods whose end was not counted and forgotten before
   */
  JobCount(Job job, List<Pod> pods, Predicate<Pod> countable) {
    this.job = job;
    this.pods = pods;
    var status = JobRules.status(job);
    var uncounted = Uncounted.of(status);
    this.active = pods.stream().filter(PodState::isActive).toList();
    var valid = pods.stream().filter(countable).filter(p -> JobRules.isValid(p, job)).toList();
    this.newSucceeded =
        valid.stream()
            .filter(PodState::isSucceeded)
            .filter(pod -> !uncounted.succeeded().contains(pod.getMetadata().getUid()))
            .toList();
    this.newFailed =
        valid.stream()
            .filter(pod -> JobRules.isFailed(pod, job))
            .filter(pod -> !uncounted.failed().contains(pod.getMetadata().getUid()))
            .toList();
    this.failed =
        number(status.getFailed())
            + (int) newFailed.stream().filter(p -> PodFailureRules.counts(job, p)).count()
            + uncounted.failed().size();
    this.completed = IndexSet.parse(status.getCompletedIndexes());
    if (JobRules.isIndexed(job)) {
      newSucceeded.forEach(pod -> completed.add(JobRules.index(pod)));
      this.succeeded = completed.sizeBelow(JobRules.completions(job));
    } else {
      this.succeeded =
          number(status.getSucceeded()) + newSucceeded.size() + uncounted.succeeded().size();
    }
  }

  List<Pod> active() {
    return active;
  }

  List<Pod> newSucceeded() {
    return newSucceeded;
  }

  List<Pod> newFailed() {
    return newFailed;
  }

  int ready() {
    return (int) active.stream().filter(PodState::isReady).count();
  }

  /** Returns how many are on their way out and still run. */
  int terminating() {
    return (int)
        pods.stream()
            .filter(PodState::isDeleting)
            .filter(pod -> !PodState.isSucceeded(pod) && !PodState.isFailed(pod))
            .count();
  }

  /** Returns what ends the job whatever its pods do next; empty when nothing does. */
  Optional<End> end(Instant now) {
    JobStatus status = JobRules.status(job);
    var met = JobRules.holding(status, JobRules.SUCCESS_CRITERIA_MET);
    if (met != null) {
      return Optional.of(new End(true, met.getReason(), met.getMessage()));
    }
    var target = JobRules.holding(status, JobRules.FAILURE_TARGET);
    if (target != null) {
      return Optional.of(new End(false, target.getReason(), target.getMessage()));
    }
    var policy =
        pods.stream().flatMap(pod -> PodFailureRules.endsJob(job, pod).stream()).findFirst();
    if (policy.isPresent()) {
      return Optional.of(new End(false, "PodFailurePolicy", policy.get()));
    }
    if (failed > JobRules.backoffLimit(job) || JobRules.isRestartedTooOften(job, pods)) {
      return Optional.of(
          new End(false, "BackoffLimitExceeded", "Job has reached the specified backoff limit"));
    }
    var left = JobRules.untilDeadline(job, now);
    return left != null && left.isZero()
        ? Optional.of(
            new End(false, "DeadlineExceeded", "Job was active longer than specified deadline"))
        : Optional.empty();
  }

  /** Returns whether all is done, when so many pods are active. */
  boolean isComplete(int stillActive) {
    var completions = JobRules.completions(job);
    return stillActive == 0 && (completions == null ? succeeded > 0 : succeeded >= completions);
  }

  /** Returns how many pods shall be active. */
  int wanted() {
    if (JobRules.isSuspended(job)) {
      return 0;
    }
    var completions = JobRules.completions(job);
    if (completions == null) {
      // One has succeeded: the others may end, and none is begun.
      return succeeded > 0 ? active.size() : JobRules.parallelism(job);
    }
    return Math.max(0, Math.min(completions - succeeded, JobRules.parallelism(job)));
  }

  /** Returns how many pods to create. */
  int missing() {
    int held = JobRules.replacesEndedOnly(job) ? terminating() : 0;
    return Math.min(BURST, Math.max(0, wanted() - active.size() - held));
  }

  /** Returns the active pods that are too many: of an index that has one, and those over. */
  List<Pod> surplus(Instant now) {
    var order = new DeletionOrder(active, now);
    var surplus = new ArrayList<Pod>();
    if (JobRules.isIndexed(job)) {
      var indexes = new HashSet<Integer>();
      for (var pod : active.stream().sorted(order.reversed()).toList()) {
        if (!JobRules.isValid(pod, job) || !indexes.add(JobRules.index(pod))) {
          surplus.add(pod);
        }
      }
    }
    int more = active.size() - wanted() - surplus.size();
    if (more > 0) {
      active.stream()
          .filter(pod -> !surplus.contains(pod))
          .sorted(order)
          .limit(more)
          .forEach(surplus::add);
    }
    return surplus.stream().limit(BURST).toList();
  }

  /** Returns the first indexes that neither have succeeded nor have a pod. */
  List<Integer> pendingIndexes(int count) {
    var taken = completed.copy();
    for (var pod : active) {
      if (JobRules.isValid(pod, job)) {
        taken.add(JobRules.index(pod));
      }
    }
    if (JobRules.replacesEndedOnly(job)) {
      pods.stream()
          .filter(PodState::isDeleting)
          .filter(pod -> !PodState.isSucceeded(pod) && !PodState.isFailed(pod))
          .filter(pod -> JobRules.isValid(pod, job))
          .sorted(Comparator.comparing(JobRules::index))
          .forEach(pod -> taken.add(JobRules.index(pod)));
    }
    return taken.missing(count, JobRules.completions(job));
  }

  static Collection<String> uids(Collection<Pod> pods) {
    return pods.stream().map(pod -> pod.getMetadata().getUid()).toList();
  }

  private static int number(Integer value) {
    return ReplicaKind.number(value, 0);
  }
}
