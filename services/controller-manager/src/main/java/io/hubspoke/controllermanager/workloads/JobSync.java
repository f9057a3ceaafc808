package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** One look at one job: creates and deletes pods, counts those that ended, and ends the job. */
final class JobSync {
  private final ApiClient client;
  private final EventRecorder events;
  private final PodControl podControl;
  private final JobPodFinalizers finalizers;
  private final Expectations expectations;
  private final JobBackoff backoff;
  private final List<Pod> pods;
  private final JobCount count;
  private final Instant now = Instant.now();
  private Job job;
  private JobStatus status;
  private Throwable failure;
  private Duration recheck = Duration.ZERO;

  /** What a sync needs of its controller. */
  record Tools(
      ApiClient client,
      EventRecorder events,
      PodControl podControl,
      JobPodFinalizers finalizers,
      Expectations expectations,
      JobBackoff backoff) {}

  JobSync(Tools tools, Job job, List<Pod> pods) {
    this.client = tools.client;
    this.events = tools.events;
    this.podControl = tools.podControl;
    this.finalizers = tools.finalizers;
    this.expectations = tools.expectations;
    this.backoff = tools.backoff;
    this.job = job;
    this.pods = pods;
    this.status = copy(JobRules.status(job));
    this.count = new JobCount(job, pods, pod -> finalizers.isHeld(pod, job));
  }

  /** Returns when to look again though nothing may have happened; waits. */
  Duration run() {
    if (status.getStartTime() == null && !JobRules.isSuspended(job)) {
      status.setStartTime(time());
    }
    var failures = backoff.with(job, count.newSucceeded(), count.newFailed(), now);
    var end = count.end(now);
    var waiting = expectations.left(uid());
    int before = count.active().size();
    int active = before;
    if (end.isPresent()) {
      active -= delete(count.active());
    } else if (waiting.isZero() && job.getMetadata().getDeletionTimestamp() == null) {
      active = manage(failures);
      if (!count.isComplete(active)) {
        suspendOrResume();
      }
    }
    if (end.isEmpty() && count.isComplete(active)) {
      end = Optional.of(JobCount.End.COMPLETE);
    }
    // Those deleted just now are on their way out, though the informer does not show it yet.
    int terminating = count.terminating() + Math.max(0, before - active);
    status.setActive(orAbsent(active));
    status.setReady(Math.min(count.ready(), active));
    status.setTerminating(terminating);
    track(end, failures, active == 0 && terminating == 0 && waiting.isZero());
    if (failure != null) {
      Future.failedFuture(failure).await();
    }
    soon(waiting);
    var deadline = JobRules.untilDeadline(job, now);
    if (deadline != null && JobRules.finished(job) == null) {
      soon(deadline.plusMillis(1));
    }
    return recheck;
  }

  private String uid() {
    return job.getMetadata().getUid();
  }

  private String time() {
    return now.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static Integer orAbsent(int number) {
    return number == 0 ? null : number;
  }

  private void soon(Duration wait) {
    if (wait.isPositive() && (recheck.isZero() || wait.compareTo(recheck) < 0)) {
      recheck = wait;
    }
  }

  /** Creates or deletes pods, and returns how many are active then. */
  private int manage(JobBackoff.Failures failures) {
    int active = count.active().size();
    var surplus = count.surplus(now);
    if (!surplus.isEmpty()) {
      expectations.expect(uid(), 0, JobCount.uids(surplus));
      return active - release(surplus);
    }
    int missing = count.missing();
    if (missing == 0) {
      return active;
    }
    var wait = backoff.left(failures, now);
    if (wait.isPositive()) {
      soon(wait);
      return active;
    }
    return active + create(missing);
  }

  private int create(int missing) {
    List<Integer> indexes = JobRules.isIndexed(job) ? count.pendingIndexes(missing) : List.of();
    int number = JobRules.isIndexed(job) ? indexes.size() : missing;
    expectations.expect(uid(), number, List.of());
    var done =
        SlowStart.run(
            number,
            attempt ->
                podControl.create(
                    indexes.isEmpty() ? JobRules.pod(job) : JobRules.pod(job, indexes.get(attempt)),
                    job));
    for (int lacking = done.successes(); lacking < number; lacking++) {
      expectations.created(uid());
    }
    if (!PodControl.isNamespaceTerminating(done.failure())) {
      failed(done.failure());
    }
    return done.successes();
  }

  /** Deletes pods that are not to count as failures, and returns how many. */
  private int release(List<Pod> surplus) {
    var done = new ArrayList<Future<Void>>();
    for (var pod : surplus) {
      var podUid = pod.getMetadata().getUid();
      done.add(
          finalizers
              .remove(pod, job)
              .compose(removed -> podControl.delete(pod, job))
              .onFailure(e -> expectations.deleted(uid(), podUid)));
    }
    return successes(done);
  }

  private int delete(List<Pod> active) {
    var done = new ArrayList<Future<Void>>();
    active.forEach(pod -> done.add(podControl.delete(pod, job)));
    return successes(done);
  }

  private int successes(List<Future<Void>> done) {
    Future.join(done).otherwiseEmpty().await();
    int successes = 0;
    for (var one : done) {
      if (one.succeeded() || PodControl.isGone(one.cause())) {
        successes++;
      } else {
        failed(one.cause());
      }
    }
    return successes;
  }

  private void failed(Throwable cause) {
    failure = failure == null ? cause : failure;
  }

  private void suspendOrResume() {
    var current =
        status.getConditions().stream()
            .filter(c -> JobRules.SUSPENDED.equals(c.getType()))
            .findFirst();
    boolean told = current.isPresent() && "True".equals(current.get().getStatus());
    if (told == JobRules.isSuspended(job)) {
      return;
    }
    if (told) {
      // A deadline counts from here.
      status.setStartTime(time());
      set(condition(JobRules.SUSPENDED, "False", "JobResumed", "Job resumed"));
      events.normal(Regarding.of(job), "Resumed", "Job resumed");
    } else {
      set(condition(JobRules.SUSPENDED, "True", "JobSuspended", "Job suspended"));
      events.normal(Regarding.of(job), "Suspended", "Job suspended");
    }
  }

  /** Counts pods that have ended, then lets go of them, then ends the job if that is due. */
  private void track(Optional<JobCount.End> end, JobBackoff.Failures failures, boolean mayEnd) {
    Map<String, Pod> held = new HashMap<>();
    for (var pod : pods) {
      if (finalizers.isHeld(pod, job)) {
        held.put(pod.getMetadata().getUid(), pod);
      }
    }
    Set<String> withFinalizer = new HashSet<>(held.keySet());
    var uncounted = Uncounted.of(status);
    uncounted.settle(status, withFinalizer);
    var ended = note(end, held.values(), uncounted);
    uncounted.keepIn(status);
    end.ifPresent(this::announce);
    flush();
    backoff.keep(job, failures);

    withFinalizer.removeAll(letGo(ended));
    uncounted.settle(status, withFinalizer);
    if (mayEnd && end.isPresent() && uncounted.size() == 0 && withFinalizer.isEmpty()) {
      finish(end.get());
    }
    flush();
    if (JobRules.finished(job) != null) {
      tellEnd(end.orElseThrow());
    }
  }

  /** Writes down which pods have ended, and returns those. */
  private List<Pod> note(Optional<JobCount.End> end, Iterable<Pod> held, Uncounted uncounted) {
    boolean fails = end.isPresent() && !end.get().success();
    boolean over = end.isPresent() || job.getMetadata().getDeletionTimestamp() != null;
    var completed = IndexSet.parse(status.getCompletedIndexes());
    var ended = new ArrayList<Pod>();
    for (var pod : held) {
      var podUid = pod.getMetadata().getUid();
      boolean failed = JobRules.isFailed(pod, job);
      if (!over && !PodState.isSucceeded(pod) && !failed) {
        continue;
      }
      ended.add(pod);
      if (PodState.isSucceeded(pod) && !uncounted.failed().contains(podUid)) {
        if (!JobRules.isIndexed(job)) {
          uncounted.succeeded().add(podUid);
        } else if (JobRules.isValid(pod, job)) {
          completed.add(JobRules.index(pod));
        }
      } else if ((failed || fails)
          && JobRules.isValid(pod, job)
          && PodFailureRules.counts(job, pod)) {
        uncounted.failed().add(podUid);
      }
      if (uncounted.size() >= Uncounted.MOST) {
        break;
      }
    }
    if (JobRules.isIndexed(job)) {
      status.setCompletedIndexes(completed.toString().isEmpty() ? null : completed.toString());
      status.setSucceeded(orAbsent(completed.sizeBelow(JobRules.completions(job))));
    }
    return ended;
  }

  /** Returns the UIDs of those that bear no finalizer any more. */
  private List<String> letGo(List<Pod> ended) {
    var done = new ArrayList<Future<Void>>();
    ended.forEach(pod -> done.add(finalizers.remove(pod, job)));
    successes(done);
    var freed = new ArrayList<String>();
    for (int i = 0; i < ended.size(); i++) {
      if (done.get(i).succeeded()) {
        freed.add(ended.get(i).getMetadata().getUid());
      }
    }
    return freed;
  }

  /** Says how the job will end, before its last pods have. */
  private void announce(JobCount.End end) {
    var type = end.success() ? JobRules.SUCCESS_CRITERIA_MET : JobRules.FAILURE_TARGET;
    if (JobRules.holding(status, type) == null) {
      set(condition(type, "True", end.reason(), end.message()));
    }
  }

  private void finish(JobCount.End end) {
    var type = end.success() ? JobRules.COMPLETE : JobRules.FAILED;
    set(condition(type, "True", end.reason(), end.message()));
    if (end.success()) {
      status.setCompletionTime(time());
    }
    if (status.getStartTime() == null) {
      status.setStartTime(time());
    }
  }

  private void tellEnd(JobCount.End end) {
    if (end.success()) {
      events.normal(Regarding.of(job), "Completed", "Job completed");
    } else {
      events.warning(Regarding.of(job), end.reason(), end.message());
    }
  }

  private JobCondition condition(String type, String value, String reason, String message) {
    var condition = new JobCondition();
    condition.setType(type);
    condition.setStatus(value);
    condition.setReason(reason);
    condition.setMessage(message);
    condition.setLastProbeTime(time());
    condition.setLastTransitionTime(time());
    return condition;
  }

  private void set(JobCondition next) {
    var conditions = new ArrayList<>(status.getConditions());
    conditions.removeIf(c -> c.getType().equals(next.getType()));
    conditions.add(next);
    status.setConditions(conditions);
  }

  /** Writes the status if it has changed; fails with 409 when the cache was behind. */
  private void flush() {
    if (status.equals(JobRules.status(job))) {
      return;
    }
    var metadata = job.getMetadata();
    job =
        client
            .updateStatus(
                JobController.JOBS,
                metadata.getNamespace(),
                metadata.getName(),
                new Job(job.getApiVersion(), job.getKind(), metadata, job.getSpec(), status))
            .await();
    status = copy(JobRules.status(job));
  }

  private static JobStatus copy(JobStatus status) {
    return Objects.requireNonNull(Json.convert(Json.tree(status), JobStatus.class), "status");
  }
}
