package io.hubspoke.controllermanager.workloads;

import static io.hubspoke.controllermanager.workloads.RolloutPlanTest.set;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeploymentProgressTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:10:00Z");

  private final Deployment deployment = RolloutPlanTest.deployment(2, "1", "0");

  @Test
  void tellsOfARolloutAndOfItsEnd() {
    deployment.getSpec().setProgressDeadlineSeconds(60);
    var begun = look(set("new", 1, 0, Map.of()), 2, NOW);
    assertThat(shown(begun))
        .containsExactly(
            "Available True MinimumReplicasAvailable", "Progressing True ReplicaSetUpdated");
    assertThat(begun.getReplicas()).isEqualTo(3);
    assertThat(begun.getUpdatedReplicas()).isEqualTo(1);
    assertThat(begun.getUnavailableReplicas()).isEqualTo(1);

    var done = look(set("new", 2, 2, Map.of()), 0, NOW);
    assertThat(shown(done)).contains("Progressing True NewReplicaSetAvailable");
    assertThat(done.getConditions().getLast().getMessage())
        .isEqualTo("ReplicaSet \"new\" has successfully progressed.");

    var lost = look(set("new", 2, 1, Map.of()), 0, NOW.plusSeconds(1000));
    assertThat(shown(lost))
        .contains(
            "Available False MinimumReplicasUnavailable",
            "Progressing True NewReplicaSetAvailable");
  }

  @Test
  void givesARolloutUpThatDoesNotGoOnWithinItsDeadline() {
    deployment.getSpec().setProgressDeadlineSeconds(60);
    var newest = set("new", 1, 0, Map.of());
    var begun = look(newest, 2, NOW);
    assertThat(progress(newest, 2, NOW.plusSeconds(20)).untilDeadline(begun))
        .isEqualTo(Duration.ofSeconds(41));
    assertThat(shown(look(newest, 2, NOW.plusSeconds(59))))
        .contains("Progressing True ReplicaSetUpdated");
    var late = look(newest, 2, NOW.plusSeconds(60));
    assertThat(shown(late)).contains("Progressing False ProgressDeadlineExceeded");
    assertThat(progress(newest, 2, NOW.plusSeconds(70)).untilDeadline(late)).isZero();
    assertThat(look(newest, 2, NOW.plusSeconds(70))).isEqualTo(late);
    assertThat(shown(look(set("new", 1, 1, Map.of()), 2, NOW.plusSeconds(80))))
        .contains("Progressing True ReplicaSetUpdated");
  }

  @Test
  void saysNothingOfProgressWithoutADeadline() {
    deployment.getSpec().setProgressDeadlineSeconds(Integer.MAX_VALUE);
    assertThat(shown(look(set("new", 1, 0, Map.of()), 2, NOW)))
        .containsExactly("Available True MinimumReplicasAvailable");
  }

  /** Looks, and keeps what was seen as the deployment's status. */
  private DeploymentStatus look(
      io.fabric8.kubernetes.api.model.apps.ReplicaSet newest, int old, Instant now) {
    var status = progress(newest, old, now).rolling();
    deployment.setStatus(status);
    return status;
  }

  private DeploymentProgress progress(
      io.fabric8.kubernetes.api.model.apps.ReplicaSet newest, int old, Instant now) {
    return new DeploymentProgress(deployment, newest, List.of(set("old", old, old, Map.of())), now);
  }

  private static List<String> shown(DeploymentStatus status) {
    return status.getConditions().stream()
        .map(c -> c.getType() + " " + c.getStatus() + " " + c.getReason())
        .toList();
  }
}
