package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.hubspoke.api.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/** Reads what a job asks of its pods, and tells of pods what counts for it ("Jobs"). */
final class JobRules {
  /** Holds a pod until its job has counted it. */
  static final String FINALIZER = "batch.kubernetes.io/job-tracking";

  static final String INDEX = "batch.kubernetes.io/job-completion-index";
  static final String COMPLETE = "Complete";
  static final String FAILED = "Failed";
  static final String SUCCESS_CRITERIA_MET = "SuccessCriteriaMet";
  static final String FAILURE_TARGET = "FailureTarget";
  static final String SUSPENDED = "Suspended";

  private JobRules() {}

  static boolean isIndexed(Job job) {
    return "Indexed".equals(job.getSpec().getCompletionMode());
  }

  static boolean isSuspended(Job job) {
    return Boolean.TRUE.equals(job.getSpec().getSuspend());
  }

  static int parallelism(Job job) {
    return ReplicaKind.number(job.getSpec().getParallelism(), 1);
  }

  /** Returns how many must succeed; null when one success ends it all. */
  static Integer completions(Job job) {
    return job.getSpec().getCompletions();
  }

  static int backoffLimit(Job job) {
    return ReplicaKind.number(job.getSpec().getBackoffLimit(), 6);
  }

  /** Returns whether a pod is replaced only once it has ended. */
  static boolean replacesEndedOnly(Job job) {
    return "Failed".equals(job.getSpec().getPodReplacementPolicy())
        || job.getSpec().getPodFailurePolicy() != null;
  }

  static JobStatus status(Job job) {
    return job.getStatus() == null ? new JobStatus() : job.getStatus();
  }

  /** Returns the condition of a type that holds, or null. */
  static JobCondition holding(JobStatus status, String type) {
    return status.getConditions().stream()
        .filter(c -> type.equals(c.getType()) && "True".equals(c.getStatus()))
        .findFirst()
        .orElse(null);
  }

  /** Returns the condition that ended the job, or null. */
  static JobCondition finished(Job job) {
    var complete = holding(status(job), COMPLETE);
    return complete != null ? complete : holding(status(job), FAILED);
  }

  static boolean isTracked(Pod pod) {
    return pod.getMetadata().getFinalizers().contains(FINALIZER);
  }

  /** Returns the pod's completion index; -1 when it has none. */
  static int index(Pod pod) {
    try {
      var annotations = pod.getMetadata().getAnnotations();
      var index = annotations == null ? null : annotations.get(INDEX);
      return index == null ? -1 : Math.max(-1, Integer.parseInt(index));
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** Returns whether the pod is one whose end counts: of an indexed job with a valid index. */
  static boolean isValid(Pod pod, Job job) {
    int index = index(pod);
    return !isIndexed(job) || (index >= 0 && index < completions(job));
  }

  /** Returns whether the pod counts as failed: also when it is on its way out without success. */
  static boolean isFailed(Pod pod, Job job) {
    return PodState.isFailed(pod)
        || (PodState.isDeleting(pod)
            && (replacesEndedOnly(job)
                ? PodState.phase(pod).equals("Pending")
                : !PodState.isSucceeded(pod)));
  }

  /** Returns whether restarts within running pods are more than the job puts up with. */
  static boolean isRestartedTooOften(Job job, Collection<Pod> pods) {
    if (!"OnFailure".equals(job.getSpec().getTemplate().getSpec().getRestartPolicy())) {
      return false;
    }
    int restarts =
        pods.stream()
            .filter(p -> PodState.phase(p).equals("Running") || PodState.phase(p).equals("Pending"))
            .flatMap(JobRules::containers)
            .mapToInt(c -> ReplicaKind.number(c.getRestartCount(), 0))
            .sum();
    return backoffLimit(job) == 0 ? restarts > 0 : restarts >= backoffLimit(job);
  }

  static Stream<ContainerStatus> containers(Pod pod) {
    return pod.getStatus() == null
        ? Stream.of()
        : Stream.concat(
            pod.getStatus().getInitContainerStatuses().stream(),
            pod.getStatus().getContainerStatuses().stream());
  }

  /** Returns how long the job may still be active; null when it has no deadline or rests. */
  static Duration untilDeadline(Job job, Instant now) {
    var start = PodState.time(status(job).getStartTime());
    var seconds = job.getSpec().getActiveDeadlineSeconds();
    if (seconds == null || start == null || isSuspended(job)) {
      return null;
    }
    var left = Duration.between(now, start.plusSeconds(seconds));
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** Returns when a pod ended: its last container, or it as a whole as far as can be told. */
  static Instant endOf(Pod pod, Instant otherwise) {
    return containers(pod)
        .map(ContainerStatus::getState)
        .filter(state -> state != null && state.getTerminated() != null)
        .map(state -> PodState.time(state.getTerminated().getFinishedAt()))
        .filter(java.util.Objects::nonNull)
        .max(Instant::compareTo)
        .or(
            () ->
                java.util.Optional.ofNullable(
                    PodState.time(pod.getMetadata().getDeletionTimestamp())))
        .filter(end -> end.isBefore(otherwise))
        .orElse(otherwise);
  }

  /** Makes a pod of the job's template; nothing is sent. */
  static Pod pod(Job job) {
    var pod = PodControl.pod(job.getSpec().getTemplate(), job);
    var finalizers = new ArrayList<>(pod.getMetadata().getFinalizers());
    if (!finalizers.contains(FINALIZER)) {
      finalizers.add(FINALIZER);
    }
    pod.getMetadata().setFinalizers(finalizers);
    return pod;
  }

  /** Makes the pod of a completion index, which is in its names, labels and environment. */
  static Pod pod(Job job, int index) {
    var pod = Json.convert(Json.tree(pod(job)), Pod.class);
    var name = job.getMetadata().getName() + "-" + index;
    var metadata = pod.getMetadata();
    metadata.setGenerateName(name + "-");
    metadata.setLabels(with(metadata.getLabels(), index));
    metadata.setAnnotations(with(metadata.getAnnotations(), index));
    pod.getSpec().setHostname(name);
    pod.getSpec().getInitContainers().forEach(JobRules::tellIndex);
    pod.getSpec().getContainers().forEach(JobRules::tellIndex);
    return pod;
  }

  private static java.util.Map<String, String> with(
      java.util.Map<String, String> present, int index) {
    var map = new java.util.LinkedHashMap<String, String>();
    if (present != null) {
      map.putAll(present);
    }
    map.put(INDEX, String.valueOf(index));
    return map;
  }

  private static void tellIndex(Container container) {
    List<EnvVar> environment = new ArrayList<>(container.getEnv());
    if (environment.stream().noneMatch(e -> e.getName().equals("JOB_COMPLETION_INDEX"))) {
      environment.add(
          new EnvVarBuilder()
              .withName("JOB_COMPLETION_INDEX")
              .withNewValueFrom()
              .withNewFieldRef()
              .withFieldPath("metadata.labels['" + INDEX + "']")
              .endFieldRef()
              .endValueFrom()
              .build());
      container.setEnv(environment);
    }
  }
}
