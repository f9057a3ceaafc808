package io.hubspoke.controllermanager.workloads;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RolloutPlanTest {
  @Test
  void roundsSharesSoThatNeitherTooManyNorTooFewPodsThereAre() {
    assertThat(DeploymentRules.maxSurge(deployment(10, "25%", "25%"))).isEqualTo(3);
    assertThat(DeploymentRules.maxUnavailable(deployment(10, "25%", "25%"))).isEqualTo(2);
    assertThat(DeploymentRules.maxUnavailable(deployment(1, "0%", "25%"))).isEqualTo(1);
    assertThat(DeploymentRules.maxUnavailable(deployment(1, "1", "25%"))).isZero();
    assertThat(DeploymentRules.maxUnavailable(deployment(2, "0", "5"))).isEqualTo(2);
    assertThat(DeploymentRules.maxUnavailable(deployment(0, "0", "1"))).isZero();
  }

  /** Whatever the numbers and whichever pods come up first. */
  @Test
  void rollsOutWithoutEverHavingTooManyOrTooFewPods() {
    for (int seed = 0; seed < 500; seed++) {
      var random = new Random(seed);
      int replicas = 1 + random.nextInt(12);
      int surge = random.nextInt(5);
      int unavailable = surge == 0 ? 1 + random.nextInt(4) : random.nextInt(5);
      var deployment = deployment(replicas, "" + surge, "" + unavailable);
      int most = replicas + surge;
      int least = replicas - Math.min(replicas, unavailable);
      var sizes = new HashMap<>(Map.of("old", replicas, "new", 0));
      var available = new HashMap<>(Map.of("old", replicas, "new", 0));
      for (int step = 0; sizes.get("new") < replicas || sizes.get("old") > 0; step++) {
        assertThat(step).as("steps of seed %d", seed).isLessThan(200);
        var old = set("old", sizes.get("old"), available.get("old"), Map.of());
        var newest = set("new", sizes.get("new"), available.get("new"), Map.of());
        int grown = RolloutPlan.newSize(deployment, RolloutPlan.size(newest), List.of(old));
        if (grown != RolloutPlan.size(newest)) {
          sizes.put("new", grown);
        } else {
          RolloutPlan.shrinkOld(deployment, newest, List.of(old))
              .forEach(
                  resize -> sizes.put(resize.set().getMetadata().getName(), resize.replicas()));
        }
        available.merge("old", sizes.get("old"), Math::min);
        if (random.nextBoolean() && available.get("new") < sizes.get("new")) {
          available.merge("new", 1, Integer::sum);
        }
        assertThat(sizes.get("old") + sizes.get("new"))
            .as("seed %d", seed)
            .isLessThanOrEqualTo(most);
        assertThat(available.get("old") + available.get("new"))
            .as("seed %d", seed)
            .isGreaterThanOrEqualTo(least);
      }
    }
  }

  @Test
  void takesPodsThatAreNotAvailableFromOldSetsFirst() {
    var deployment = deployment(4, "1", "0");
    var broken = set("broken", 1, 0, Map.of());
    var good = set("good", 4, 4, Map.of());
    var newest = set("new", 0, 0, Map.of());
    assertThat(sizes(RolloutPlan.shrinkOld(deployment, newest, List.of(good, broken))))
        .containsExactly(Map.entry("broken", 0));
  }

  @Test
  void scalesTheOnlySetToWhatTheDeploymentAsks() {
    var deployment = deployment(7, "1", "1");
    var newest = set("new", 3, 3, Map.of());
    var empty = set("old", 0, 0, Map.of());
    assertThat(sizes(RolloutPlan.scale(deployment, newest, List.of(empty))))
        .containsExactly(Map.entry("new", 7));
    assertThat(sizes(RolloutPlan.scale(deployment, null, List.of(empty))))
        .containsExactly(Map.entry("old", 7));
  }

  /** The example of "Proportional scaling": from 10 to 15 replicas in the midst of a rollout. */
  @Test
  void scalesSeveralSetsInProportion() {
    var before = Map.of(Revisions.DESIRED, "10", Revisions.MAX, "13");
    var old = set("old", 8, 8, before);
    var newest = set("new", 5, 0, before);
    var deployment = deployment(15, "3", "2");
    assertThat(RolloutPlan.isScaled(deployment, List.of(old, newest))).isTrue();
    assertThat(sizes(RolloutPlan.scale(deployment, newest, List.of(old))))
        .containsOnly(Map.entry("old", 11), Map.entry("new", 7));
    assertThat(sizes(RolloutPlan.scale(deployment(0, "3", "2"), newest, List.of(old))))
        .containsOnly(Map.entry("old", 0), Map.entry("new", 0));
  }

  @Test
  void forgetsTheOldestSetsThatAreMoreThanTheHistoryKeeps() {
    var deployment = deployment(1, "1", "0");
    deployment.getSpec().setRevisionHistoryLimit(1);
    var sets = new ArrayList<ReplicaSet>();
    for (int revision = 3; revision > 0; revision--) {
      sets.add(set("r" + revision, 0, 0, Map.of(Revisions.REVISION, "" + revision)));
    }
    assertThat(RolloutPlan.forgotten(deployment, sets).stream().map(s -> s.getMetadata().getName()))
        .containsExactly("r1", "r2");
    sets.getFirst().getSpec().setReplicas(1);
    assertThat(RolloutPlan.forgotten(deployment, sets)).hasSize(2);
    sets.getLast().getSpec().setReplicas(1);
    assertThat(RolloutPlan.forgotten(deployment, sets)).hasSize(1);
  }

  @Test
  void namesSetsByTheirTemplateWhateverTheOrderOfItsFields() {
    var one = deployment(1, "1", "1").getSpec().getTemplate();
    one.getMetadata().setLabels(new java.util.LinkedHashMap<>(Map.of()));
    one.getMetadata().getLabels().put("a", "1");
    one.getMetadata().getLabels().put("b", "2");
    var other = deployment(1, "1", "1").getSpec().getTemplate();
    other.getMetadata().setLabels(new java.util.LinkedHashMap<>(Map.of()));
    other.getMetadata().getLabels().put("b", "2");
    other.getMetadata().getLabels().put("a", "1");
    var hash = Template.of(one).hash(null);
    assertThat(hash).matches("[bcdfghjklmnpqrstvwxz2456789]{1,10}");
    assertThat(Template.of(other).hash(null)).isEqualTo(hash);
    assertThat(Template.of(one).hash(1)).isNotEqualTo(hash);
    var labelled = Template.of(one).labelled(hash);
    assertThat(labelled.getMetadata().getLabels()).containsEntry("pod-template-hash", hash);
    assertThat(Template.of(labelled)).isEqualTo(Template.of(other));
    other.getMetadata().getLabels().put("a", "2");
    assertThat(Template.of(other).hash(null)).isNotEqualTo(hash);
  }

  private static Map<String, Integer> sizes(List<RolloutPlan.Resize> resizes) {
    var sizes = new HashMap<String, Integer>();
    resizes.forEach(r -> sizes.put(r.set().getMetadata().getName(), r.replicas()));
    return sizes;
  }

  static Deployment deployment(int replicas, String surge, String unavailable) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("web")
        .withGeneration(1L)
        .endMetadata()
        .withNewSpec()
        .withReplicas(replicas)
        .withNewTemplate()
        .withNewMetadata()
        .endMetadata()
        .withNewSpec()
        .endSpec()
        .endTemplate()
        .withNewStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        .withMaxSurge(value(surge))
        .withMaxUnavailable(value(unavailable))
        .endRollingUpdate()
        .endStrategy()
        .endSpec()
        .build();
  }

  private static IntOrString value(String text) {
    return text.endsWith("%") ? new IntOrString(text) : new IntOrString(Integer.parseInt(text));
  }

  static ReplicaSet set(String name, int size, int available, Map<String, String> annotations) {
    return new ReplicaSetBuilder()
        .withNewMetadata()
        .withName(name)
        .withUid(name)
        .withGeneration(1L)
        .withAnnotations(annotations)
        .withCreationTimestamp(name.equals("new") ? "2026-01-01T00:00:01Z" : "2026-01-01T00:00:00Z")
        .endMetadata()
        .withNewSpec()
        .withReplicas(size)
        .endSpec()
        .withNewStatus()
        .withReplicas(size)
        .withAvailableReplicas(available)
        .withObservedGeneration(1L)
        .endStatus()
        .build();
  }
}
