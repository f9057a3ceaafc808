package io.hubspoke.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.plugins.Profile;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlacementTest {
  private static final String READY =
      "conditions: [{type: Ready, status: 'True'}], allocatable: {cpu: '2', memory: 1Gi, pods: '3'}";

  private final ClusterState state = new ClusterState();
  private final SchedulingCycle cycle = new SchedulingCycle(state, new Profile());
  private int created;

  @Test
  void spreadsPodsOfOneController() {
    node("a", READY);
    node("b", READY);
    node("c", READY);
    var owner = "ownerReferences: [{uid: rs-1, controller: true, kind: ReplicaSet, name: x}]";
    var counts = new HashMap<String, Integer>();
    for (int i = 0; i < 6; i++) {
      counts.merge(placed(pod(owner, "")), 1, Integer::sum);
    }
    assertThat(counts).isEqualTo(Map.of("a", 2, "b", 2, "c", 2));
  }

  @Test
  void choosesAmongAPartOfManyNodes() {
    assertThat(SchedulingCycle.enough(0)).isZero();
    assertThat(SchedulingCycle.enough(99)).isEqualTo(99);
    assertThat(SchedulingCycle.enough(150)).isEqualTo(100);
    assertThat(SchedulingCycle.enough(1_000)).isEqualTo(420);
    assertThat(SchedulingCycle.enough(10_000)).isEqualTo(500);
  }

  @Test
  void prefersTheEmptierNodeForUnrelatedPods() {
    node("a", READY);
    node("b", READY);
    assertThat(placed(pod("labels: {app: x}", ""))).isEqualTo("a");
    assertThat(placed(pod("labels: {app: y}", ""))).isEqualTo("b");
  }

  @Test
  void saysInKubernetesWordsWhyNoNodeWillDo() {
    node("a", "conditions: [{type: Ready, status: Unknown}]");
    node("b", "conditions: [{type: Ready, status: 'True'}], allocatable: {cpu: 100m, pods: '3'}");
    nodeWith("c", "unschedulable: true", READY);
    nodeWith("d", "taints: [{key: dedicated, value: db, effect: NoSchedule}]", READY);

    assertThat(message(pod("", "containers: [{name: c, resources: {requests: {cpu: 150m}}}]")))
        .isEqualTo(
            "0/4 nodes are available: 1 Insufficient cpu,"
                + " 1 node(s) had untolerated taint {dedicated: db},"
                + " 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: },"
                + " 1 node(s) were unschedulable. preemption: 0/4 nodes are available:"
                + " 4 Preemption is not helpful for scheduling.");
  }

  @Test
  void saysThatThereAreNoNodes() {
    assertThat(message(pod("", ""))).isEqualTo("no nodes available to schedule pods");
  }

  @Test
  void keepsPodsOffNodesThatAreNotReadyUnlessTheyTolerateIt() {
    node("a", "conditions: [{type: Ready, status: 'False'}]");
    assertThat(message(pod("", ""))).contains("untolerated taint {node.kubernetes.io/not-ready: }");
    assertThat(
            placed(pod("", "tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists}]")))
        .isEqualTo("a");
    assertThat(placed(pod("", "tolerations: [{operator: Exists}]"))).isEqualTo("a");
    assertThat(
            message(
                pod(
                    "",
                    "tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists,"
                        + " effect: NoExecute}]")))
        .contains("untolerated");
  }

  @Test
  void followsNodeSelectorsAndRequiredAffinity() {
    node("a", READY);
    assertThat(message(pod("", "nodeSelector: {disk: ssd}")))
        .contains("1 node(s) didn't match Pod's node affinity/selector");
    assertThat(placed(pod("", "nodeSelector: {kubernetes.io/hostname: a}"))).isEqualTo("a");
    var affinity =
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution:"
            + " {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In,"
            + " values: [%s]}]}]}}}";
    assertThat(placed(pod("", affinity.formatted("a")))).isEqualTo("a");
    assertThat(message(pod("", affinity.formatted("b"))))
        .isEqualTo(
            "0/1 nodes are available: 1 node(s) didn't satisfy plugin(s) [NodeAffinity]."
                + " preemption: 0/1 nodes are available:"
                + " 1 Preemption is not helpful for scheduling.");
  }

  @Test
  void countsWhatIsTakenUntilItIsGivenBack() {
    node("a", READY);
    var big = "containers: [{name: c, resources: {requests: {cpu: 1500m, memory: 100Mi}}}]";
    var first = pod("", big);
    assertThat(placed(first)).isEqualTo("a");
    assertThat(message(pod("", big))).contains("1 Insufficient cpu");
    state.remove(first);
    assertThat(placed(pod("", big))).isEqualTo("a");
    placed(pod("", ""));
    placed(pod("", ""));
    assertThat(message(pod("", ""))).contains("1 Too many pods");
  }

  @Test
  void givesAHostPortToOnePodANode() {
    node("a", READY);
    var port = "containers: [{name: c, ports: [{containerPort: 80, hostPort: 80}]}]";
    assertThat(placed(pod("", port))).isEqualTo("a");
    assertThat(message(pod("", port)))
        .contains("1 node(s) didn't have free ports for the requested pod ports");
  }

  @Test
  void forgetsPodsThatHaveEnded() {
    node("a", READY);
    var pod = pod("", "containers: [{name: c, resources: {requests: {cpu: '2'}}}]");
    placed(pod);
    pod.getSpec().setNodeName("a");
    pod.getStatus().setPhase("Succeeded");
    state.put(pod);
    assertThat(placed(pod("", "containers: [{name: c, resources: {requests: {cpu: '2'}}}]")))
        .isEqualTo("a");
  }

  private String placed(Pod pod) {
    var placement = cycle.place(PodInfo.of(pod));
    assertThat(placement).isInstanceOf(Placement.Chosen.class);
    var node = ((Placement.Chosen) placement).node();
    state.place(PodInfo.of(pod), node);
    return node;
  }

  private String message(Pod pod) {
    var placement = cycle.place(PodInfo.of(pod));
    assertThat(placement).isInstanceOf(Placement.Unschedulable.class);
    return ((Placement.Unschedulable) placement).message();
  }

  private void node(String name, String status) {
    nodeWith(name, "", status);
  }

  private void nodeWith(String name, String spec, String status) {
    state.put(
        read(
            "{metadata: {name: %s, labels: {kubernetes.io/hostname: %s}}, spec: {%s}, status: {%s}}"
                .formatted(name, name, spec, status),
            Node.class));
  }

  private Pod pod(String metadata, String spec) {
    var name = "p-" + created++;
    return read(
        "{metadata: {name: %s, namespace: default, uid: %s, %s}, spec: {%s}, status: {phase: Pending}}"
            .formatted(name, name, metadata, spec),
        Pod.class);
  }

  private static <T> T read(String yaml, Class<T> type) {
    try {
      var tree =
          new com.fasterxml.jackson.databind.ObjectMapper(
                  new com.fasterxml.jackson.dataformat.yaml.YAMLFactory())
              .readTree(yaml.getBytes(StandardCharsets.UTF_8));
      return Json.convert(tree, type);
    } catch (java.io.IOException e) {
      throw new IllegalArgumentException(yaml, e);
    }
  }
}
