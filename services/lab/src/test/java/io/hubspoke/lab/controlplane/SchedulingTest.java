package io.hubspoke.lab.controlplane;

import static io.hubspoke.lab.controlplane.ControlPlane.NODES;
import static io.hubspoke.lab.controlplane.ControlPlane.PODS;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions.Limits;
import io.hubspoke.apiserver.http.ConnectionLimits;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchedulingTest {
  private ControlPlane plane;

  @BeforeEach
  void start(@TempDir Path dir) throws Exception {
    // Few at a time, as when a thousand nodes write as well.
    var limits = new Limits(Duration.ofMinutes(1), 400, 4, ConnectionLimits.DEFAULT);
    plane = new ControlPlane(dir, Duration.ofMinutes(1), options -> options.with(limits));
  }

  @AfterEach
  void stop() throws Exception {
    plane.close();
  }

  @Test
  void spreadsPodsOverReadyNodesAndSaysSo() throws Exception {
    for (var node : new String[] {"a", "b", "c"}) {
      plane.node(node);
    }
    for (int i = 0; i < 9; i++) {
      pod("web-" + i, "10m");
    }
    var counts = new HashMap<String, Integer>();
    for (int i = 0; i < 9; i++) {
      counts.merge(nodeOf("web-" + i), 1, Integer::sum);
    }
    assertThat(counts).isEqualTo(Map.of("a", 3, "b", 3, "c", 3));
    var event = event("web-0", "Scheduled");
    assertThat(event.path("message").asText())
        .isEqualTo("Successfully assigned default/web-0 to " + nodeOf("web-0"));
    assertThat(event.path("type").asText()).isEqualTo("Normal");
  }

  @Test
  void keepsAPodUntilThereIsRoomAndSaysWhy() throws Exception {
    pod("big", "1500m");
    assertThat(unschedulable("big")).isEqualTo("no nodes available to schedule pods");
    plane.node("a");
    assertThat(nodeOf("big")).isEqualTo("a");

    pod("second", "1500m");
    assertThat(unschedulable("second")).startsWith("0/1 nodes are available: 1 Insufficient cpu.");
    assertThat(event("second", "FailedScheduling").path("type").asText()).isEqualTo("Warning");

    Await.result(
        plane.admin.delete(PODS, "default", "big", new io.hubspoke.client.DeleteOptions(0, "")));
    assertThat(nodeOf("second")).isEqualTo("a");
  }

  @Test
  void bindsNothingToACordonedNode() throws Exception {
    // Cordoned from the start: the scheduler may hear of a change after it hears of the pod.
    plane.cordonedNode("a");
    pod("p", "10m");
    assertThat(unschedulable("p")).contains("1 node(s) were unschedulable");

    var uncordon = Json.object();
    uncordon.putObject("spec").put("unschedulable", false);
    Await.result(plane.admin.patch(NODES, "", "a", PatchType.MERGE, uncordon));
    assertThat(nodeOf("p")).isEqualTo("a");
  }

  @Test
  void isNeverTurnedAwayWhileItBindsABacklog() throws Exception {
    pod("first", "1m");
    var backlog = new ArrayList<Future<ObjectNode>>();
    for (int i = 1; i < 150; i++) {
      backlog.add(plane.admin.create(PODS, "default", podObject("p-" + i, "1m")));
    }
    Await.result(Future.all(backlog));
    for (int i = 0; i < 15; i++) {
      plane.node("n-" + i);
    }
    Await.until(
        "all are bound",
        () ->
            Await.result(plane.admin.list(PODS, ListOptions.inNamespace("default")))
                .items()
                .stream()
                .allMatch(pod -> pod.object().path("spec").has("nodeName")));
    assertThat(Await.result(plane.admin.raw("/metrics")).toString().lines())
        .filteredOn(line -> line.startsWith("apiserver_request_total"))
        .isNotEmpty()
        .noneMatch(line -> line.contains("code=\"429\""));
  }

  private void pod(String name, String cpu) throws Exception {
    Await.until(
        "the default service account",
        () ->
            !Await.result(
                    plane.admin.list(
                        Resource.SERVICE_ACCOUNTS.tree(), ListOptions.inNamespace("default")))
                .items()
                .isEmpty());
    Await.result(plane.admin.create(PODS, "default", podObject(name, cpu)));
  }

  private static ObjectNode podObject(String name, String cpu) {
    return ControlPlane.json(
        """
        {"apiVersion": "v1", "kind": "Pod",
         "metadata": {"name": "%s", "labels": {"app": "web"}},
         "spec": {"containers": [{"name": "c", "image": "hubspoke/pause",
           "resources": {"requests": {"cpu": "%s"}}}]}}
        """
            .formatted(name, cpu));
  }

  private String nodeOf(String pod) throws Exception {
    return Await.until(
        pod + " is bound",
        () -> get(pod).path("spec").path("nodeName").asText(""),
        node -> !node.isEmpty());
  }

  private String unschedulable(String pod) throws Exception {
    return Await.until(
        pod + " is unschedulable",
        () -> {
          for (var condition : get(pod).path("status").path("conditions")) {
            if (condition.path("reason").asText().equals("Unschedulable")) {
              return condition.path("message").asText();
            }
          }
          return "";
        },
        message -> !message.isEmpty());
  }

  private JsonNode event(String pod, String reason) throws Exception {
    return Await.until(
        reason + " of " + pod,
        () -> {
          var events =
              Await.result(
                  plane.admin.list(Resource.EVENTS.tree(), ListOptions.inNamespace("default")));
          for (ObjectNode event : events.objects()) {
            if (event.path("reason").asText().equals(reason)
                && event.path("involvedObject").path("name").asText().equals(pod)) {
              return event;
            }
          }
          return Json.object();
        },
        event -> event.has("reason"));
  }

  private ObjectNode get(String pod) throws Exception {
    return Await.result(plane.admin.get(PODS, "default", pod));
  }
}
