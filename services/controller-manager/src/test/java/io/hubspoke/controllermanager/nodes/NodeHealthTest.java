package io.hubspoke.controllermanager.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.hubspoke.api.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class NodeHealthTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final String READY = condition("Ready", "True");

  @Test
  void measuresSilenceFromTheLastChangeOfLeaseOrStatus() {
    var time = new AtomicLong();
    var heartbeats = new Heartbeats(time::get);
    assertThat(heartbeats.silence("a", "s1", "l1")).isZero();
    time.set(Duration.ofSeconds(30).toNanos());
    assertThat(heartbeats.silence("a", "s1", "l1")).isEqualTo(Duration.ofSeconds(30));
    assertThat(heartbeats.silence("a", "s1", "l2")).isZero();
    time.addAndGet(Duration.ofSeconds(10).toNanos());
    assertThat(heartbeats.silence("a", "s2", "l2")).isZero();
    time.addAndGet(Duration.ofSeconds(10).toNanos());
    heartbeats.excuse("a");
    assertThat(heartbeats.silence("a", "s2", "l2")).isZero();
    time.addAndGet(Duration.ofSeconds(10).toNanos());
    heartbeats.forget("a");
    assertThat(heartbeats.silence("a", "s2", "l2")).isZero();
  }

  @Test
  void marksASilentNodesConditionsUnknownInKubernetesWords() {
    var node = node("", READY + "," + condition("NetworkUnavailable", "False"));
    var silenced = NodeConditions.silenced(node, NOW);

    var ready = NodeConditions.find(silenced, "Ready").orElseThrow();
    assertThat(ready.getStatus()).isEqualTo("Unknown");
    assertThat(ready.getReason()).isEqualTo("NodeStatusUnknown");
    assertThat(ready.getMessage()).isEqualTo("Kubelet stopped posting node status.");
    assertThat(ready.getLastTransitionTime()).isEqualTo(NOW.toString());
    var memory = NodeConditions.find(silenced, "MemoryPressure").orElseThrow();
    assertThat(memory.getReason()).isEqualTo("NodeStatusNeverUpdated");
    assertThat(NodeConditions.status(silenced, "NetworkUnavailable")).isEqualTo("False");
    assertThat(NodeConditions.status(node, "Ready")).isEqualTo("True");
  }

  @Test
  void taintsByConditionAndKeepsTheTaintsOfPeople() {
    var own = "{\"key\":\"dedicated\",\"effect\":\"NoExecute\",\"value\":\"db\"}";
    assertThat(taints(node("\"taints\":[" + own + "]", condition("Ready", "Unknown"))))
        .containsExactly(
            "dedicated:NoExecute",
            "node.kubernetes.io/unreachable:NoSchedule",
            "node.kubernetes.io/unreachable:NoExecute");
    assertThat(
            taints(
                node(
                    "\"unschedulable\":true",
                    condition("Ready", "False") + "," + condition("DiskPressure", "True"))))
        .containsExactly(
            "node.kubernetes.io/not-ready:NoSchedule",
            "node.kubernetes.io/not-ready:NoExecute",
            "node.kubernetes.io/disk-pressure:NoSchedule",
            "node.kubernetes.io/unschedulable:NoSchedule");
  }

  @Test
  void takesItsTaintsOffWhenTheNodeIsWellAgain() {
    var old =
        "\"taints\":[{\"key\":\"node.kubernetes.io/unreachable\",\"effect\":\"NoExecute\"},"
            + "{\"key\":\"node.kubernetes.io/not-ready\",\"effect\":\"NoSchedule\"}]";
    assertThat(taints(node(old, READY))).isEmpty();
    assertThat(NodeTaints.corrected(node("", READY), NOW)).isEmpty();
  }

  @Test
  void keepsTheTimeOfATaintThatStays() {
    var since = "2025-12-31T23:00:00Z";
    var old =
        "\"taints\":[{\"key\":\"node.kubernetes.io/unreachable\",\"effect\":\"NoExecute\","
            + "\"timeAdded\":\"%s\"}]".formatted(since);
    var corrected =
        NodeTaints.corrected(node(old, condition("Ready", "Unknown")), NOW).orElseThrow();
    assertThat(corrected).extracting(Taint::getTimeAdded).containsExactly(since, NOW.toString());
  }

  @Test
  void evictsWhatDoesNotTolerateAndWhatHasToleratedLongEnough() {
    var taints =
        List.of(new Taint("NoExecute", "node.kubernetes.io/unreachable", NOW.toString(), null));
    var key = "\"key\":\"node.kubernetes.io/unreachable\",\"operator\":\"Exists\"";
    assertThat(TaintEviction.end(pod(""), taints)).isBefore(NOW);
    assertThat(TaintEviction.end(pod("{" + key + ",\"tolerationSeconds\":300}"), taints))
        .isEqualTo(NOW.plusSeconds(300));
    assertThat(
            TaintEviction.end(
                pod(
                    "{"
                        + key
                        + ",\"tolerationSeconds\":300},{"
                        + key
                        + ",\"tolerationSeconds\":5}"),
                taints))
        .isEqualTo(NOW.plusSeconds(5));
    assertThat(TaintEviction.end(pod("{" + key + "}"), taints)).isEqualTo(Instant.MAX);
    assertThat(TaintEviction.end(pod("{" + key + ",\"effect\":\"NoSchedule\"}"), taints))
        .isBefore(NOW);
    assertThat(TaintEviction.end(pod("{\"operator\":\"Exists\"}"), taints)).isEqualTo(Instant.MAX);
  }

  private static List<String> taints(Node node) {
    return NodeTaints.corrected(node, NOW).orElseThrow().stream()
        .map(taint -> taint.getKey() + ":" + taint.getEffect())
        .toList();
  }

  private static String condition(String type, String status) {
    return "{\"type\":\"%s\",\"status\":\"%s\"}".formatted(type, status);
  }

  private static Node node(String spec, String conditions) {
    return read(
        """
        {"metadata":{"name":"a","creationTimestamp":"2025-01-01T00:00:00Z"},
         "spec":{%s},"status":{"conditions":[%s]}}
        """
            .formatted(spec, conditions),
        Node.class);
  }

  private static Pod pod(String tolerations) {
    return read(
        "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"tolerations\":[%s]}}".formatted(tolerations),
        Pod.class);
  }

  private static <T> T read(String json, Class<T> type) {
    return Json.convert(Json.parseObject(json.getBytes(StandardCharsets.UTF_8)), type);
  }
}
