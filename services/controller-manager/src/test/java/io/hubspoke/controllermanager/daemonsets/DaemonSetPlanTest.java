package io.hubspoke.controllermanager.daemonsets;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.hubspoke.api.Json;
import io.hubspoke.api.Yaml;
import io.hubspoke.controllermanager.workloads.TemplatePatch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DaemonSetPlanTest {
  private static final Instant NOW = Instant.parse("2026-01-01T01:00:00Z");
  private static final String IN_PLACE = "{maxUnavailable: 1, maxSurge: 0}";
  private static final String SURGING = "{maxUnavailable: 0, maxSurge: 1}";

  private final List<Node> nodes = new ArrayList<>();
  private final List<Pod> pods = new ArrayList<>();

  @Test
  void a_pod_is_wanted_on_each_node_that_labels_names_and_taints_allow() {
    var set = set(IN_PLACE, "nodeSelector: {disk: ssd}");
    node("fit", "labels: {disk: ssd}", "");
    node("unlabelled", "", "");
    node("tainted", "labels: {disk: ssd}", "{key: own, effect: NoSchedule}");
    node("ill", "labels: {disk: ssd}", "{key: node.kubernetes.io/not-ready, effect: NoExecute}");
    node(
        "cordoned",
        "labels: {disk: ssd}",
        "{key: node.kubernetes.io/unschedulable, effect: NoSchedule}");

    assertThat(plan(set).create()).containsExactly("cordoned", "fit", "ill");
    assertThat(placement(set).wanted()).isEqualTo(3);
  }

  @Test
  void a_taint_that_keeps_pods_away_leaves_the_pod_that_is_there_and_one_that_evicts_does_not() {
    var set = set(IN_PLACE, "");
    node("kept", "", "{key: own, effect: NoSchedule}");
    node("evicted", "", "{key: own, effect: NoExecute}");
    pod("a", "kept", "new", true, 10);
    pod("b", "evicted", "new", true, 10);

    assertThat(names(plan(set).delete())).containsExactly("b");
  }

  @Test
  void of_several_pods_on_a_node_the_oldest_stays() {
    var set = set(IN_PLACE, "");
    node("n", "", "");
    pod("younger", "n", "new", true, 5);
    pod("older", "n", "new", true, 10);

    assertThat(names(plan(set).delete())).containsExactly("younger");
  }

  @Test
  void a_node_waits_for_the_end_of_a_pod_that_goes_unless_the_set_surges() {
    node("n", "", "");
    var going = pod("going", "n", "new", true, 10);
    going.getMetadata().setDeletionTimestamp("2026-01-01T01:00:30Z");

    assertThat(plan(set(IN_PLACE, "")).create()).isEmpty();
    assertThat(plan(set(SURGING, "")).create()).containsExactly("n");
  }

  @Test
  void a_pod_that_no_scheduler_will_bind_since_its_node_is_gone_is_deleted() {
    var set = set(IN_PLACE, "");
    node("n", "", "");
    var meant = pod("meant", "gone", "new", false, 10);
    meant.setSpec(set.template("gone", "new").getSpec());
    pod("bound", "gone", "new", true, 10);

    assertThat(names(plan(set).delete())).containsExactly("meant");
  }

  @Test
  void a_failed_pod_makes_room_when_its_time_has_come() {
    var set = set(IN_PLACE, "");
    node("n", "", "");
    pod("failed", "n", "new", false, 10).getStatus().setPhase("Failed");
    var placement = placement(set);

    assertThat(placement.plan("new", NOW, pod -> false).isEmpty()).isTrue();
    assertThat(names(placement.plan("new", NOW, pod -> true).delete())).containsExactly("failed");
  }

  @Test
  void failures_are_answered_later_each_time() {
    var failed = new FailedPods();
    var place = new FailedPods.Place("uid", 1, "n");

    assertThat(failed.left(place, NOW)).isZero();
    assertThat(failed.left(place, NOW)).isEqualTo(Duration.ofSeconds(1));
    assertThat(failed.left(place, NOW.plusSeconds(1))).isZero();
    assertThat(failed.left(place, NOW.plusSeconds(1))).isEqualTo(Duration.ofSeconds(2));
    assertThat(failed.left(new FailedPods.Place("uid", 2, "n"), NOW.plusSeconds(1))).isZero();
    assertThat(failed.left(place, NOW.plusSeconds(3600))).isZero();
    assertThat(failed.left(place, NOW.plusSeconds(3600))).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void a_rolling_update_leaves_no_more_nodes_without_a_daemon_than_allowed() {
    var set = set("{maxUnavailable: 50%, maxSurge: 0}", "");
    for (var n : List.of("a", "b", "c", "d")) {
      node(n, "", "");
      pod(n, n, n.equals("a") ? "new" : "old", true, 10);
    }
    assertThat(names(roll(set).delete())).containsExactly("b", "c");

    // The new one doesn't serve yet: room for one more only.
    pods.getFirst().getStatus().getConditions().getFirst().setStatus("False");
    assertThat(names(roll(set).delete())).containsExactly("b");

    // An old one that serves nobody is replaced whatever the room.
    pods.get(3).getStatus().getConditions().getFirst().setStatus("False");
    assertThat(names(roll(set).delete())).containsExactly("d");
  }

  @Test
  void a_surging_update_adds_first_and_deletes_what_is_replaced() {
    var set = set(SURGING, "");
    for (var n : List.of("a", "b")) {
      node(n, "", "");
      pod(n, n, "old", true, 10);
    }
    assertThat(roll(set)).isEqualTo(new Plan(List.of(), List.of("a")));

    var fresh = pod("a-new", "a", "new", false, 5);
    assertThat(roll(set).isEmpty()).isTrue();
    assertThat(plan(set).isEmpty()).isTrue();

    fresh.getStatus().getConditions().getFirst().setStatus("True");
    var next = roll(set);
    assertThat(names(next.delete())).containsExactly("a");
    assertThat(next.create()).containsExactly("b");
  }

  @Test
  void a_daemon_bears_what_its_node_goes_through_and_fits_no_other_node() {
    var template =
        set(IN_PLACE, "hostNetwork: true, tolerations: [{key: own, operator: Exists}]")
            .template("n", "h");

    assertThat(
            template.getSpec().getTolerations().stream().map(t -> t.getKey() + ":" + t.getEffect()))
        .containsExactly(
            "own:null",
            "node.kubernetes.io/not-ready:NoExecute",
            "node.kubernetes.io/unreachable:NoExecute",
            "node.kubernetes.io/disk-pressure:NoSchedule",
            "node.kubernetes.io/memory-pressure:NoSchedule",
            "node.kubernetes.io/pid-pressure:NoSchedule",
            "node.kubernetes.io/unschedulable:NoSchedule",
            "node.kubernetes.io/network-unavailable:NoSchedule");
    assertThat(template.getMetadata().getLabels())
        .containsEntry("app", "agent")
        .containsEntry(DaemonPods.HASH, "h")
        .containsEntry(DaemonPods.GENERATION, "3");
    var pod = new Pod();
    pod.setSpec(template.getSpec());
    assertThat(DaemonPods.node(pod)).contains("n");
  }

  @Test
  void a_revision_is_known_again_whatever_types_its_numbers_had() {
    var set = set(IN_PLACE, "terminationGracePeriodSeconds: 1, containers: [{name: c}]");
    var revision = new ControllerRevision();
    revision.setData(TemplatePatch.of(set));
    var stored =
        Json.convert(Json.parseObject(Json.bytes(Json.tree(revision))), ControllerRevision.class);

    assertThat(TemplatePatch.matches(set, Json.tree(stored).path("data"))).isTrue();
    assertThat(TemplatePatch.matches(set(IN_PLACE, ""), Json.tree(stored).path("data"))).isFalse();
  }

  @Test
  void the_status_counts_nodes() {
    var set = set(IN_PLACE, "");
    node("a", "", "");
    node("b", "", "");
    node("c", "", "");
    node("tainted", "", "{key: own, effect: NoSchedule}");
    pod("a", "a", "new", true, 10);
    pod("b", "b", "old", false, 10);
    pod("t", "tainted", "old", true, 10);

    assertThat(DaemonSetStatus.of(set, placement(set), "new", true, NOW))
        .isEqualTo(
            yaml(
                """
                currentNumberScheduled: 2
                numberMisscheduled: 1
                desiredNumberScheduled: 3
                numberReady: 1
                observedGeneration: 7
                updatedNumberScheduled: 1
                numberAvailable: 1
                numberUnavailable: 2
                """));
  }

  private Plan plan(DaemonSpec set) {
    return placement(set).plan("new", NOW, pod -> true);
  }

  private Plan roll(DaemonSpec set) {
    var placement = placement(set);
    return new RollingUpdate(set, "new", NOW).plan(placement.byNode(), placement.wanted());
  }

  private Placement placement(DaemonSpec set) {
    return new Placement(set, nodes, pods);
  }

  private static List<String> names(List<Pod> pods) {
    return pods.stream().map(pod -> pod.getMetadata().getName()).toList();
  }

  private static DaemonSpec set(String rolling, String podSpec) {
    return DaemonSpec.of(
        Json.convert(
            yaml(
                """
                apiVersion: apps/v1
                kind: DaemonSet
                metadata:
                  name: agent
                  namespace: default
                  uid: u
                  generation: 7
                  annotations: {deprecated.daemonset.template.generation: "3"}
                spec:
                  selector: {matchLabels: {app: agent}}
                  updateStrategy: {type: RollingUpdate, rollingUpdate: %s}
                  template:
                    metadata: {labels: {app: agent}}
                    spec: {%s}
                """
                    .formatted(rolling, podSpec)),
            DaemonSet.class));
  }

  private void node(String name, String metadata, String taint) {
    nodes.add(
        Json.convert(
            yaml(
                "{kind: Node, metadata: {name: %s, %s}, spec: {taints: [%s]}}"
                    .formatted(name, metadata, taint)),
            Node.class));
  }

  private Pod pod(String name, String node, String hash, boolean ready, int minutes) {
    var pod =
        Json.convert(
            yaml(
                """
                kind: Pod
                metadata:
                  name: %s
                  creationTimestamp: "%s"
                  labels: {controller-revision-hash: %s}
                spec: {nodeName: %s}
                status:
                  phase: Running
                  conditions:
                  - {type: Ready, status: "%s", lastTransitionTime: "2026-01-01T00:00:00Z"}
                """
                    .formatted(
                        name,
                        NOW.minus(Duration.ofMinutes(minutes)),
                        hash,
                        node,
                        ready ? "True" : "False")),
            Pod.class);
    pods.add(pod);
    return pod;
  }

  private static ObjectNode yaml(String text) {
    // Through JSON, as from the API: small numbers are ints then.
    return Json.parseObject(Json.bytes(Yaml.parseObject(text.getBytes(StandardCharsets.UTF_8))));
  }
}
