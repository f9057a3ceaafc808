package io.hubspoke.controllermanager.workloads;

import static io.hubspoke.controllermanager.workloads.Pods.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JobCountTest {
  private final Job job = job(3, 2);

  @Test
  void runsAsManyPodsAsAreMissingButNoMoreThanMayRunAtOnce() {
    assertThat(count().missing()).isEqualTo(2);
    assertThat(count(pod("a", "Running")).missing()).isEqualTo(1);
    assertThat(count(pod("a", "Succeeded"), pod("b", "Succeeded")).missing()).isEqualTo(1);
    assertThat(count(pod("a", "Failed")).missing()).isEqualTo(2);
    job.getSpec().setSuspend(true);
    assertThat(count(pod("a", "Running")).missing()).isZero();
    assertThat(count(pod("a", "Running")).surplus(NOW)).hasSize(1);
  }

  @Test
  void withoutCompletionsEndsWithItsFirstSuccess() {
    job.getSpec().setCompletions(null);
    var one = count(pod("a", "Succeeded"), pod("b", "Running"));
    assertThat(one.missing()).isZero();
    assertThat(one.surplus(NOW)).isEmpty();
    assertThat(one.isComplete(1)).isFalse();
    assertThat(one.isComplete(0)).isTrue();
  }

  @Test
  void countsWhatWasWrittenDownAndNotWhatWasCountedBefore() {
    var status = new JobStatus();
    status.setSucceeded(1);
    var uncounted = new Uncounted(Set.of("uid-a"), Set.of());
    uncounted.keepIn(status);
    job.setStatus(status);
    // One written down whose finalizer is still there, and one that is new.
    var count = count(pod("a", "Succeeded"), pod("b", "Succeeded"));
    assertThat(count.newSucceeded()).hasSize(1);
    assertThat(count.isComplete(0)).isTrue();

    var written = Uncounted.of(status);
    written.settle(status, Set.of("uid-a"));
    assertThat(status.getSucceeded()).isEqualTo(1);
    written.settle(status, Set.of());
    assertThat(status.getSucceeded()).isEqualTo(2);
    Uncounted.of(status).settle(status, Set.of());
    assertThat(status.getSucceeded()).isEqualTo(2);
  }

  @Test
  void endsWhenMorePodsFailedThanItPutsUpWith() {
    job.getSpec().setBackoffLimit(1);
    assertThat(count(pod("a", "Failed")).end(NOW)).isEmpty();
    assertThat(count(pod("a", "Failed"), pod("b", "Failed")).end(NOW))
        .hasValueSatisfying(end -> assertThat(end.reason()).isEqualTo("BackoffLimitExceeded"));
  }

  @Test
  void endsAtItsDeadline() {
    var status = new JobStatus();
    status.setStartTime(NOW.minusSeconds(10).toString());
    job.setStatus(status);
    job.getSpec().setActiveDeadlineSeconds(11L);
    assertThat(count().end(NOW)).isEmpty();
    job.getSpec().setActiveDeadlineSeconds(10L);
    assertThat(count().end(NOW))
        .hasValueSatisfying(end -> assertThat(end.reason()).isEqualTo("DeadlineExceeded"));
  }

  @Test
  void followsItsFailurePolicy() {
    job.getSpec()
        .setPodFailurePolicy(
            new JobBuilder()
                .withNewSpec()
                .withNewPodFailurePolicy()
                .addNewRule()
                .withAction("FailJob")
                .withNewOnExitCodes()
                .withOperator("In")
                .withValues(42)
                .endOnExitCodes()
                .endRule()
                .addNewRule()
                .withAction("Ignore")
                .addNewOnPodCondition()
                .withType("DisruptionTarget")
                .withStatus("True")
                .endOnPodCondition()
                .endRule()
                .endPodFailurePolicy()
                .endSpec()
                .build()
                .getSpec()
                .getPodFailurePolicy());
    job.getSpec().setBackoffLimit(0);
    var disrupted =
        pod("a", "Failed")
            .edit()
            .editStatus()
            .addNewCondition()
            .withType("DisruptionTarget")
            .withStatus("True")
            .endCondition()
            .endStatus()
            .build();
    assertThat(count(disrupted).end(NOW)).isEmpty();
    assertThat(count(exited("a", 1)).end(NOW).orElseThrow().reason())
        .isEqualTo("BackoffLimitExceeded");
    assertThat(count(exited("a", 42)).end(NOW).orElseThrow())
        .isEqualTo(
            new JobCount.End(
                false,
                "PodFailurePolicy",
                "Container main for pod default/a failed with exit code 42 matching FailJob rule"
                    + " at index 0"));
  }

  @Test
  void givesEveryIndexOnePod() {
    job.getSpec().setCompletionMode("Indexed");
    job.getSpec().setCompletions(5);
    job.getSpec().setParallelism(5);
    var status = new JobStatus();
    status.setCompletedIndexes("1");
    job.setStatus(status);
    var count =
        count(
            indexed("a", "Running", 0),
            indexed("b", "Succeeded", 2),
            indexed("c", "Running", 0),
            indexed("d", "Running", 7));
    assertThat(count.pendingIndexes(5)).containsExactly(3, 4);
    assertThat(count.surplus(NOW).stream().map(p -> p.getMetadata().getName()))
        .contains("d")
        .containsAnyOf("a", "c")
        .hasSize(2);
    var pod = JobRules.pod(job, 3);
    assertThat(pod.getMetadata().getGenerateName()).isEqualTo("sums-3-");
    assertThat(pod.getMetadata().getLabels()).containsEntry(JobRules.INDEX, "3");
    assertThat(pod.getMetadata().getFinalizers()).containsExactly(JobRules.FINALIZER);
    assertThat(pod.getSpec().getHostname()).isEqualTo("sums-3");
    assertThat(pod.getSpec().getContainers().getFirst().getEnv().getFirst().getName())
        .isEqualTo("JOB_COMPLETION_INDEX");
    assertThat(job.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv()).isEmpty();
  }

  @Test
  void writesIndexesAsRanges() {
    var set = IndexSet.parse("1,3-5,x,7-6");
    assertThat(set).hasToString("1,3-5");
    set.add(2);
    assertThat(set).hasToString("1-5");
    set.add(7);
    set.add(8);
    assertThat(set).hasToString("1-5,7,8");
    set.add(0);
    set.add(6);
    assertThat(set).hasToString("0-8");
    set.add(8);
    assertThat(set.sizeBelow(100)).isEqualTo(9);
    assertThat(set.sizeBelow(3)).isEqualTo(3);
    assertThat(set.contains(8)).isTrue();
    assertThat(set.contains(9)).isFalse();
    assertThat(IndexSet.parse("1,3").missing(3, 100)).containsExactly(0, 2, 4);
    assertThat(IndexSet.parse("1,3").missing(3, 3)).containsExactly(0, 2);
    assertThat(IndexSet.parse(null)).hasToString("");
  }

  @Test
  void waitsLongerAfterEachFailureUntilOneSucceeds() {
    var backoff = new JobBackoff(Duration.ofSeconds(10));
    var none = backoff.with(job, List.of(), List.of(), NOW);
    assertThat(backoff.left(none, NOW)).isZero();
    var one = backoff.with(job, List.of(), List.of(pod("a", "Failed")), NOW);
    assertThat(backoff.left(one, NOW.plusSeconds(4))).isEqualTo(Duration.ofSeconds(6));
    backoff.keep(job, one);
    var later = NOW.plusSeconds(60);
    var two = backoff.with(job, List.of(), List.of(pod("b", "Failed")), later);
    assertThat(backoff.left(two, later)).isEqualTo(Duration.ofSeconds(20));
    backoff.keep(job, new JobBackoff.Failures(40, NOW));
    var many = backoff.with(job, List.of(), List.of(), NOW);
    assertThat(backoff.left(many, NOW)).isEqualTo(Duration.ofMinutes(10));
    var healed = backoff.with(job, List.of(pod("c", "Succeeded")), List.of(), later);
    assertThat(backoff.left(healed, later)).isZero();
  }

  private JobCount count(Pod... pods) {
    return new JobCount(job, List.of(pods), JobRules::isTracked);
  }

  private static Pod exited(String name, int code) {
    return pod(name, "Failed")
        .edit()
        .editStatus()
        .addNewContainerStatus()
        .withName("main")
        .withNewState()
        .withNewTerminated()
        .withExitCode(code)
        .endTerminated()
        .endState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  private static Pod indexed(String name, String phase, int index) {
    return new PodBuilder(pod(name, phase))
        .editMetadata()
        .addToAnnotations(JobRules.INDEX, String.valueOf(index))
        .endMetadata()
        .build();
  }

  private static Pod pod(String name, String phase) {
    return Pods.pod(name)
        .edit()
        .editMetadata()
        .addToFinalizers(JobRules.FINALIZER)
        .endMetadata()
        .withNewStatus()
        .withPhase(phase)
        .endStatus()
        .build();
  }

  private static Job job(int completions, int parallelism) {
    return new JobBuilder()
        .withNewMetadata()
        .withName("sums")
        .withNamespace("default")
        .withUid("uid-job")
        .endMetadata()
        .withNewSpec()
        .withCompletions(completions)
        .withParallelism(parallelism)
        .withCompletionMode("NonIndexed")
        .withPodReplacementPolicy("TerminatingOrFailed")
        .withNewTemplate()
        .withNewMetadata()
        .addToLabels("job", "sums")
        .endMetadata()
        .withNewSpec()
        .withRestartPolicy("Never")
        .addNewContainer()
        .withName("main")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }
}
