package io.hubspoke.controllermanager.statefulsets;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.hubspoke.api.Json;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatefulPlanTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private static final String ROLLING =
      ", \"updateStrategy\": {\"type\": \"RollingUpdate\", \"rollingUpdate\": {\"partition\": 0}}";

  private static StatefulSpec set(String spec) {
    var json =
        """
        {"apiVersion": "apps/v1", "kind": "StatefulSet",
         "metadata": {"name": "web", "namespace": "shop", "uid": "u"},
         "spec": {"serviceName": "webs", "selector": {"matchLabels": {"app": "web"}},
          "template": {"metadata": {"labels": {"app": "web"}},
           "spec": {"volumes": [{"name": "data"}, {"name": "tmp"}]}}, %s}}"""
            .formatted(spec.contains("updateStrategy") ? spec : spec + ROLLING);
    return StatefulSpec.of(
        Json.convert(Json.parseObject(json.getBytes(StandardCharsets.UTF_8)), StatefulSet.class));
  }

  private static Pod pod(int ordinal, String revision, String phase) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("web-" + ordinal)
        .withNamespace("shop")
        .addToLabels("controller-revision-hash", revision)
        .endMetadata()
        .withNewStatus()
        .withPhase(phase)
        .addNewCondition()
        .withType("Ready")
        .withStatus(phase.equals("Running") ? "True" : "False")
        .withLastTransitionTime(NOW.minusSeconds(60).toString())
        .endCondition()
        .endStatus()
        .build();
  }

  private static Pod well(int ordinal) {
    return pod(ordinal, "web-new", "Running");
  }

  private static Pod leaving(Pod pod) {
    return pod.edit().editMetadata().withDeletionTimestamp(NOW.toString()).endMetadata().build();
  }

  private static String plan(String spec, Pod... pods) {
    var plan = StatefulPlan.of(set(spec), List.of(pods), "web-new", NOW);
    return "%s %s"
        .formatted(
            plan.create(), plan.delete().stream().map(pod -> pod.getMetadata().getName()).toList());
  }

  @Test
  void podsComeOneAfterTheOtherEachWhenThoseBeforeItAreAvailable() {
    assertThat(plan("\"replicas\": 3")).isEqualTo("[0] []");
    assertThat(plan("\"replicas\": 3", well(0))).isEqualTo("[1] []");
    assertThat(plan("\"replicas\": 3", pod(0, "web-new", "Pending"))).isEqualTo("[] []");
    assertThat(plan("\"replicas\": 3, \"minReadySeconds\": 61", well(0))).isEqualTo("[] []");
    assertThat(plan("\"replicas\": 2", well(0), well(1))).isEqualTo("[] []");
    assertThat(plan("\"replicas\": 2, \"ordinals\": {\"start\": 5}", well(5))).isEqualTo("[6] []");
  }

  @Test
  void aGapIsFilledBeforeAnythingElse() {
    assertThat(plan("\"replicas\": 3", well(0), well(2))).isEqualTo("[1] []");
    assertThat(plan("\"replicas\": 3", well(0), leaving(well(1)), well(2))).isEqualTo("[] []");
    assertThat(plan("\"replicas\": 3", well(0), pod(1, "web-new", "Failed"), well(2)))
        .isEqualTo("[] [web-1]");
  }

  @Test
  void inParallelTheyComeAndGoAtOnce() {
    var parallel = "\"podManagementPolicy\": \"Parallel\", \"replicas\": ";
    assertThat(plan(parallel + 3)).isEqualTo("[0, 1, 2] []");
    assertThat(plan(parallel + 1, well(0), well(1), well(2))).isEqualTo("[] [web-2, web-1]");
  }

  @Test
  void theHighestGoFirstAndOneAtATime() {
    assertThat(plan("\"replicas\": 1", well(0), well(1), well(2))).isEqualTo("[] [web-2]");
    assertThat(plan("\"replicas\": 1", well(0), well(1), leaving(well(2)))).isEqualTo("[] []");
    // Ten is more than nine, whatever their names say.
    assertThat(plan("\"replicas\": 0", well(9), well(10))).isEqualTo("[] [web-10]");
  }

  @Test
  void anUpdateGoesFromTheHighestDownAsFarAsThePartition() {
    var old = new Pod[] {pod(0, "web-old", "Running"), pod(1, "web-old", "Running"), well(2)};
    assertThat(plan("\"replicas\": 3", old)).isEqualTo("[] [web-1]");
    assertThat(plan("\"replicas\": 3", old[0], old[1], pod(2, "web-new", "Pending")))
        .isEqualTo("[] []");
    var partition =
        "\"replicas\": 3, \"updateStrategy\": {\"type\": \"RollingUpdate\", \"rollingUpdate\":"
            + " {\"partition\": 2}}";
    assertThat(plan(partition, old)).isEqualTo("[] []");
    assertThat(plan("\"replicas\": 3, \"updateStrategy\": {\"type\": \"OnDelete\"}", old))
        .isEqualTo("[] []");
  }

  @Test
  void aPodHasTheNameTheHostNameAndTheClaimsOfItsOrdinal() {
    var set =
        set(
            "\"volumeClaimTemplates\": [{\"metadata\": {\"name\": \"data\"}, \"spec\":"
                + " {\"accessModes\": [\"ReadWriteOnce\"]}}]");
    var pod = set.pod(set.template(), "web-new", 7);
    assertThat(pod.getMetadata().getName()).isEqualTo("web-7");
    assertThat(pod.getSpec().getHostname()).isEqualTo("web-7");
    assertThat(pod.getSpec().getSubdomain()).isEqualTo("webs");
    assertThat(pod.getMetadata().getLabels())
        .containsEntry("app", "web")
        .containsEntry("statefulset.kubernetes.io/pod-name", "web-7")
        .containsEntry("apps.kubernetes.io/pod-index", "7")
        .containsEntry("controller-revision-hash", "web-new");
    assertThat(pod.getSpec().getVolumes()).extracting("name").containsExactly("tmp", "data");
    assertThat(pod.getSpec().getVolumes().getLast().getPersistentVolumeClaim().getClaimName())
        .isEqualTo("data-web-7");
    var claim = set.claims(7).getFirst();
    assertThat(claim.getMetadata().getName()).isEqualTo("data-web-7");
    assertThat(claim.getMetadata().getLabels()).containsEntry("app", "web");
  }
}
