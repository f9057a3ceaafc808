package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyOnExitCodesRequirement;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyRule;
import java.util.Optional;

/** Finds what a job's failure policy says of a failed pod ("Pod failure policy"). */
final class PodFailureRules {
  private PodFailureRules() {}

  /** Returns whether the failure counts towards the back-off limit. */
  static boolean counts(Job job, Pod pod) {
    return matching(job, pod).map(m -> !m.rule.getAction().equals("Ignore")).orElse(true);
  }

  /** Returns why this failure ends the whole job; empty when it does not. */
  static Optional<String> endsJob(Job job, Pod pod) {
    return matching(job, pod).filter(m -> m.rule.getAction().equals("FailJob")).map(m -> m.message);
  }

  private record Match(PodFailurePolicyRule rule, String message) {}

  private static Optional<Match> matching(Job job, Pod pod) {
    var policy = job.getSpec().getPodFailurePolicy();
    if (policy == null || !PodState.isFailed(pod)) {
      return Optional.empty();
    }
    for (int i = 0; i < policy.getRules().size(); i++) {
      var rule = policy.getRules().get(i);
      int number = i;
      var what =
          rule.getOnExitCodes() != null ? exit(rule.getOnExitCodes(), pod) : condition(rule, pod);
      if (what.isPresent()) {
        var message = what.get() + " matching " + rule.getAction() + " rule at index " + number;
        return Optional.of(new Match(rule, message));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> exit(PodFailurePolicyOnExitCodesRequirement codes, Pod pod) {
    return JobRules.containers(pod)
        .filter(
            c -> codes.getContainerName() == null || codes.getContainerName().equals(c.getName()))
        .filter(c -> c.getState() != null && c.getState().getTerminated() != null)
        .filter(c -> exitCode(c) != 0)
        .filter(c -> codes.getValues().contains(exitCode(c)) == codes.getOperator().equals("In"))
        .findFirst()
        .map(
            c ->
                "Container %s for pod %s/%s failed with exit code %d"
                    .formatted(
                        c.getName(),
                        pod.getMetadata().getNamespace(),
                        pod.getMetadata().getName(),
                        exitCode(c)));
  }

  private static int exitCode(ContainerStatus container) {
    return ReplicaKind.number(container.getState().getTerminated().getExitCode(), 0);
  }

  private static Optional<String> condition(PodFailurePolicyRule rule, Pod pod) {
    return rule.getOnPodConditions().stream()
        .filter(
            wanted -> {
              var found = PodState.condition(pod, wanted.getType());
              var status = wanted.getStatus() == null ? "True" : wanted.getStatus();
              return found != null && status.equals(found.getStatus());
            })
        .findFirst()
        .map(
            wanted ->
                "Pod %s/%s has condition %s"
                    .formatted(
                        pod.getMetadata().getNamespace(),
                        pod.getMetadata().getName(),
                        wanted.getType()));
  }
}
