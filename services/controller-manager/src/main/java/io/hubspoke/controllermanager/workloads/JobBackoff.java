package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Says how long a job waits before it makes another pod: 10 s after a failure, twice as long after
 * each further one, ten minutes at most. A success ends the wait. Thread-safe.
 */
final class JobBackoff {
  private static final Duration LONGEST = Duration.ofMinutes(10);
  private static final int MOST_DOUBLINGS = 10;

  /**
   * The failures of one job.
   *
   * @param count since its last success
   * @param last when the last one was
   */
  record Failures(int count, Instant last) {
    static final Failures NONE = new Failures(0, Instant.EPOCH);
  }

  private final Duration first;
  private final Map<String, Failures> byJob = new ConcurrentHashMap<>();

  JobBackoff() {
    this(Duration.ofSeconds(10));
  }

  JobBackoff(Duration first) {
    this.first = first;
  }

  /** Returns the failures with those of pods that were not counted before; nothing is kept. */
  Failures with(Job job, Collection<Pod> succeeded, Collection<Pod> failed, Instant now) {
    var success =
        succeeded.stream().map(pod -> JobRules.endOf(pod, now)).max(Comparator.naturalOrder());
    var before = byJob.getOrDefault(job.getMetadata().getUid(), Failures.NONE);
    var known = success.isPresent() && before.last.isBefore(success.get()) ? Failures.NONE : before;
    List<Instant> later =
        failed.stream()
            .map(pod -> JobRules.endOf(pod, now))
            .filter(end -> success.isEmpty() || end.isAfter(success.get()))
            .toList();
    var last = Stream.concat(later.stream(), Stream.of(known.last)).max(Comparator.naturalOrder());
    return new Failures(known.count + later.size(), last.orElseThrow());
  }

  /** Remembers, once the job's status has counted them. */
  void keep(Job job, Failures failures) {
    byJob.put(job.getMetadata().getUid(), failures);
  }

  void forget(String uid) {
    byJob.remove(uid);
  }

  /** Returns how long to wait from now on. */
  Duration left(Failures failures, Instant now) {
    if (failures.count == 0) {
      return Duration.ZERO;
    }
    var wait = first.multipliedBy(1L << Math.min(failures.count - 1, MOST_DOUBLINGS));
    var shortest = wait.compareTo(LONGEST) > 0 ? LONGEST : wait;
    var left = Duration.between(now, failures.last.plus(shortest));
    return left.isNegative() ? Duration.ZERO : left;
  }
}
