package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.testing.Await;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PodLifecycleTest {
  @TempDir private Path directory;
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = new TestNode(directory, "127.10.101.1").start(o -> o.podCidr("127.20.101.0/24"));
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private static UnaryOperator<ObjectNode> policy(String restartPolicy) {
    return pod -> {
      ((ObjectNode) pod.path("spec")).put("restartPolicy", restartPolicy);
      return pod;
    };
  }

  private void untilPhase(String pod, String phase) throws Exception {
    Await.until(
        pod + " is " + phase, () -> node.status(pod), s -> s.path("phase").asText().equals(phase));
  }

  private static String condition(JsonNode status, String type) {
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asText().equals(type)) {
        return condition.path("status").asText();
      }
    }
    return "";
  }

  @Test
  void the_node_registers_with_what_kubectl_shows_and_keeps_a_lease() throws Exception {
    ObjectNode registered = node.apiserver.get("/api/v1/nodes/n1");
    assertThat(condition(registered.path("status"), "Ready")).isEqualTo("True");
    assertThat(registered.at("/status/nodeInfo/kubeletVersion").asText()).isEqualTo("v1.33.0");
    assertThat(registered.at("/status/addresses/0/address").asText()).isEqualTo("127.10.101.1");
    assertThat(registered.at("/status/daemonEndpoints/kubeletEndpoint/Port").asInt())
        .isEqualTo(node.kubelet.port());
    assertThat(registered.at("/metadata/labels/kubernetes.io~1hostname").asText()).isEqualTo("n1");
    String lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1";
    Await.until("a lease", () -> node.apiserver.get(lease).has("spec"));
    ObjectNode held = node.apiserver.get(lease);
    assertThat(held.at("/spec/holderIdentity").asText()).isEqualTo("n1");
    assertThat(held.at("/metadata/ownerReferences/0/uid").asText())
        .isEqualTo(registered.at("/metadata/uid").asText());
  }

  /** As the node lifecycle controller does to the pods of a node that was away for a while. */
  @Test
  void a_pod_that_somebody_else_marked_unready_is_told_to_be_ready_again() throws Exception {
    node.pod("web", "hubspoke/echo:1.0", p -> p, "--port=18081");
    Await.until("it is ready", () -> condition(node.status("web"), "Ready"), "True"::equals);
    String path = "/api/v1/namespaces/default/pods/web";
    for (int i = 0; i < 2; i++) {
      ObjectNode marked = node.apiserver.get(path).deepCopy();
      for (JsonNode condition : marked.at("/status/conditions")) {
        if (condition.path("type").asText().equals("Ready")) {
          ((ObjectNode) condition).put("status", "False");
        }
      }
      node.apiserver.put(path, marked);
      Await.until(
          "it is ready again", () -> condition(node.status("web"), "Ready"), "True"::equals);
    }
  }

  @Test
  void an_echo_pod_runs_on_its_own_address_and_answers() throws Exception {
    node.pod("web", "hubspoke/echo:1.0", p -> p, "--port=18080");
    untilPhase("web", "Running");

    JsonNode status = node.status("web");
    String ip = status.path("podIP").asText();
    assertThat(ip).startsWith("127.20.101.");
    assertThat(condition(status, "Ready")).isEqualTo("True");
    assertThat(condition(status, "PodReadyToStartContainers")).isEqualTo("True");
    assertThat(node.container("web").path("ready").asBoolean()).isTrue();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://" + ip + ":18080/a?b=c"))
              .POST(HttpRequest.BodyPublishers.ofString("hello"))
              .build();
      String[] answer = {""};
      Await.until(
          "an answer",
          () -> {
            try {
              answer[0] = client.send(request, HttpResponse.BodyHandlers.ofString()).body();
            } catch (java.net.ConnectException notYet) {
              return false;
            }
            return true;
          });
      assertThat(answer[0]).contains("\"method\":\"POST\"", "\"path\":\"/a\"", "hello");
    }
    Await.until(
        "events",
        () -> node.events(),
        e ->
            e.contains("Created: Created container: main")
                && e.contains("Started: Started container main")
                && e.contains(
                    "Pulled: Container image \"hubspoke/echo:1.0\" already present on machine"));
  }

  @Test
  void a_pod_that_ends_well_and_is_not_restarted_succeeds() throws Exception {
    node.pod("job", "hubspoke/ticker", policy("OnFailure"), "--interval=10ms", "--count=2");
    untilPhase("job", "Succeeded");

    JsonNode ended = node.container("job").at("/state/terminated");
    assertThat(ended.path("exitCode").asInt()).isZero();
    assertThat(ended.path("reason").asText()).isEqualTo("Completed");
  }

  @Test
  void a_pod_that_ends_badly_and_is_never_restarted_fails() throws Exception {
    node.pod("job", "hubspoke/ticker", policy("Never"), "--count=0", "--exit-code=3");
    untilPhase("job", "Failed");

    assertThat(node.container("job").at("/state/terminated/exitCode").asInt()).isEqualTo(3);
    assertThat(node.container("job").path("restartCount").asInt()).isZero();
  }

  @Test
  void a_container_that_crashes_is_restarted_with_back_off() throws Exception {
    node.pod("crash", "hubspoke/ticker", p -> p, "--count=0", "--exit-code=1");
    JsonNode waiting =
        Await.until(
            "a back-off",
            () -> node.container("crash"),
            c ->
                c.at("/state/waiting/reason").asText().equals("CrashLoopBackOff")
                    && c.path("restartCount").asInt() >= 2);

    assertThat(waiting.at("/lastState/terminated/exitCode").asInt()).isEqualTo(1);
    assertThat(waiting.at("/state/waiting/message").asText())
        .matches("back-off .+ restarting failed container=main pod=crash_default\\(.+\\)");
    assertThat(node.status("crash").path("phase").asText()).isEqualTo("Running");
  }

  @Test
  void an_unknown_image_is_told_as_a_failed_pull_and_then_as_backing_off() throws Exception {
    node.pod("lost", "example.com/none:1", p -> p);
    Await.until(
        "a failed pull",
        () -> node.container("lost").at("/state/waiting/reason").asText(),
        "ErrImagePull"::equals);
    Await.until(
        "backing off",
        () -> node.container("lost").at("/state/waiting/reason").asText(),
        "ImagePullBackOff"::equals);

    assertThat(node.status("lost").path("phase").asText()).isEqualTo("Pending");
    Await.until(
        "events",
        () -> node.events(),
        e ->
            e.contains("Failed: Error: ErrImagePull")
                && e.contains("Failed: Error: ImagePullBackOff")
                && e.contains("BackOff: Back-off pulling image \"example.com/none:1\""));
  }

  @Test
  void a_command_that_the_image_does_not_have_is_an_error_at_start() throws Exception {
    node.pod(
        "sh",
        "hubspoke/pause",
        pod -> {
          ((ObjectNode) pod.at("/spec/containers/0")).putArray("command").add("no-such-command");
          return policy("Never").apply(pod);
        });
    untilPhase("sh", "Failed");

    assertThat(node.container("sh").at("/state/terminated/reason").asText())
        .isEqualTo("StartError");
  }

  @Test
  void a_deleted_pod_is_stopped_within_its_grace_and_then_removed() throws Exception {
    node.pod("web", "hubspoke/pause", p -> p);
    untilPhase("web", "Running");
    node.delete("web", 30);

    Await.until("it is gone", () -> node.apiserver.get(TestNode.PODS + "web").isEmpty());
    Await.until(
        "an event", () -> node.events(), e -> e.contains("Killing: Stopping container main"));
  }

  @Test
  void a_process_that_ignores_the_signal_is_killed_after_the_grace_period() throws Exception {
    node.pod("stubborn", "hubspoke/ticker", p -> p, "--ignore-sigterm");
    untilPhase("stubborn", "Running");
    long begun = System.nanoTime();
    node.delete("stubborn", 1);

    Await.until("it is gone", () -> node.apiserver.get(TestNode.PODS + "stubborn").isEmpty());
    assertThat(System.nanoTime() - begun).isGreaterThan(900_000_000L);
  }

  @Test
  void init_containers_run_to_their_end_before_the_others_begin() throws Exception {
    node.pod(
        "init",
        "hubspoke/pause",
        pod -> {
          ObjectNode first = ((ObjectNode) pod.path("spec")).putArray("initContainers").addObject();
          first.put("name", "first").put("image", "hubspoke/ticker");
          first.putArray("args").add("--interval=50ms").add("--count=4");
          return pod;
        });
    Await.until(
        "it initializes",
        () -> node.container("init").at("/state/waiting/reason").asText(),
        "PodInitializing"::equals);
    untilPhase("init", "Running");

    JsonNode first = node.status("init").at("/initContainerStatuses/0");
    assertThat(first.at("/state/terminated/reason").asText()).isEqualTo("Completed");
    assertThat(condition(node.status("init"), "Initialized")).isEqualTo("True");
  }

  @Test
  void addresses_are_given_back_and_never_shared() throws Exception {
    for (int i = 0; i < 3; i++) {
      node.pod("p" + i, "hubspoke/pause", p -> p);
    }
    for (int i = 0; i < 3; i++) {
      untilPhase("p" + i, "Running");
    }
    assertThat(
            java.util.List.of(
                node.status("p0").path("podIP").asText(),
                node.status("p1").path("podIP").asText(),
                node.status("p2").path("podIP").asText()))
        .doesNotHaveDuplicates();
  }
}
