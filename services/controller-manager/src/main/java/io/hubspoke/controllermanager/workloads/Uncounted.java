package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.UncountedTerminatedPods;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The UIDs of ended pods that still bear the job's finalizer. They are written down before the
 * finalizers go and become numbers afterwards, so that each is counted once whatever crashes
 * between ("Job tracking with finalizers").
 */
record Uncounted(Set<String> succeeded, Set<String> failed) {
  /** The most that are kept at a time, which bounds the status. */
  static final int MOST = 500;

  static Uncounted of(JobStatus status) {
    var pods = status.getUncountedTerminatedPods();
    return pods == null
        ? new Uncounted(new LinkedHashSet<>(), new LinkedHashSet<>())
        : new Uncounted(
            new LinkedHashSet<>(pods.getSucceeded()), new LinkedHashSet<>(pods.getFailed()));
  }

  int size() {
    return succeeded.size() + failed.size();
  }

  /** Turns those that bear no finalizer any more into numbers of the status. */
  void settle(JobStatus status, Set<String> withFinalizer) {
    int before = succeeded.size();
    if (succeeded.retainAll(withFinalizer)) {
      status.setSucceeded(ReplicaKind.number(status.getSucceeded(), 0) + before - succeeded.size());
    }
    before = failed.size();
    if (failed.retainAll(withFinalizer)) {
      status.setFailed(ReplicaKind.number(status.getFailed(), 0) + before - failed.size());
    }
    keepIn(status);
  }

  void keepIn(JobStatus status) {
    var pods = new UncountedTerminatedPods();
    pods.setSucceeded(new ArrayList<>(succeeded));
    pods.setFailed(new ArrayList<>(failed));
    status.setUncountedTerminatedPods(pods);
  }
}
