package io.hubspoke.controllermanager.workloads;

import static io.hubspoke.controllermanager.workloads.Pods.NOW;
import static io.hubspoke.controllermanager.workloads.Pods.pod;
import static io.hubspoke.controllermanager.workloads.Pods.ready;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReplicaPlanTest {
  @Test
  void createsWhatIsMissingUpToABurst() {
    assertThat(plan(3, List.of(pod("a"))).create()).isEqualTo(2);
    assertThat(plan(3, List.of(pod("a"))).delete()).isEmpty();
    assertThat(plan(2000, List.of()).create()).isEqualTo(500);
    assertThat(plan(1, List.of(pod("a")))).isEqualTo(new ReplicaPlan(0, List.of()));
  }

  @Test
  void deletesThePodsThatAreMissedTheLeast() {
    var ordered =
        List.of(
            pod("unplaced"),
            with(pod("pending").edit().editSpec().withNodeName("n1").endSpec().build(), "Pending"),
            with(pod("unready").edit().editSpec().withNodeName("n1").endSpec().build(), "Running"),
            ready("cheap", "n1", Duration.ofHours(1), Map.of(DeletionOrder.COST, "-5")),
            ready("crowded-young", "n2", Duration.ofSeconds(1), Map.of()),
            ready("crowded-old", "n2", Duration.ofHours(1), Map.of()),
            ready("lonely-young", "n3", Duration.ofSeconds(1), Map.of()),
            ready("lonely-old", "n4", Duration.ofHours(1), Map.of()),
            ready("dear", "n1", Duration.ofSeconds(1), Map.of(DeletionOrder.COST, "7")));
    for (int left = 1; left < ordered.size(); left++) {
      var mixed = new ArrayList<>(ordered);
      Collections.shuffle(mixed, new Random(left));
      var plan = ReplicaPlan.of(left, mixed, () -> mixed, NOW);
      assertThat(plan.delete().stream().map(p -> p.getMetadata().getName()))
          .containsExactlyElementsOf(
              ordered.stream()
                  .limit(ordered.size() - left)
                  .map(p -> p.getMetadata().getName())
                  .toList());
    }
    assertThat(plan(0, ordered).delete()).hasSize(ordered.size());
  }

  @Test
  void countsPodsInTheStatusByWhatTheyAre() {
    var status =
        ReplicaStatus.of(
            new ReplicaSetStatus(),
            4,
            3,
            10,
            Map.of("app", "web", "hash", "1"),
            List.of(
                pod("unready"),
                ready("fresh", "n1", Duration.ofSeconds(9), Map.of()),
                ready("old", "n1", Duration.ofSeconds(10), Map.of())),
            null,
            NOW);
    assertThat(status.getObservedGeneration()).isEqualTo(4);
    assertThat(status.getReplicas()).isEqualTo(3);
    assertThat(status.getFullyLabeledReplicas()).isNull();
    assertThat(status.getReadyReplicas()).isEqualTo(2);
    assertThat(status.getAvailableReplicas()).isEqualTo(1);
    assertThat(status.getConditions()).isEmpty();
  }

  @Test
  void tellsOfAFailureUntilItIsOver() {
    var failed = failing(new ReplicaSetStatus(), new IllegalStateException("exceeded quota"));
    assertThat(failed.getConditions())
        .singleElement()
        .satisfies(
            condition -> {
              assertThat(condition.getType()).isEqualTo("ReplicaFailure");
              assertThat(condition.getStatus()).isEqualTo("True");
              assertThat(condition.getReason()).isEqualTo("FailedCreate");
              assertThat(condition.getMessage()).isEqualTo("exceeded quota");
            });
    assertThat(failing(failed, new IllegalStateException("other"))).isEqualTo(failed);
    assertThat(failing(failed, null).getConditions()).isEmpty();
  }

  private static ReplicaSetStatus failing(ReplicaSetStatus old, Throwable failure) {
    return ReplicaStatus.of(old, 1, 1, 0, Map.of(), List.of(), failure, NOW);
  }

  private static ReplicaPlan plan(int replicas, List<Pod> active) {
    return ReplicaPlan.of(replicas, active, () -> active, NOW);
  }

  private static Pod with(Pod pod, String phase) {
    return pod.edit().withNewStatus().withPhase(phase).endStatus().build();
  }
}
