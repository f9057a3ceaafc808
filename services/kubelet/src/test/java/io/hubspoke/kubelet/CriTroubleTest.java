package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.kubelet.runtime.cri.CriRuntime;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.containers.Containerd;
import io.hubspoke.testing.containers.TestImages;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of pods when the runtime, or the kubelet, goes away. */
class CriTroubleTest {
  @TempDir private static Path directory;
  private static Containerd containerd;
  private static TestNode node;

  @BeforeAll
  static void start() throws Exception {
    containerd = Containerd.start(Files.createTempDirectory("hubspoke-cri"));
    node =
        new TestNode(directory, "127.30.4.3")
            .start(
                o ->
                    o.containerRuntimeEndpoint(new RuntimeEndpoint.Cri(containerd.socket()))
                        .nodeStatusUpdateFrequency(Duration.ofMillis(300))
                        .maxLogSize(2000));
  }

  @AfterAll
  static void stop() throws Exception {
    try {
      if (node != null) {
        node.stop();
      }
    } finally {
      if (containerd != null) {
        containerd.stop();
      }
    }
  }

  @Test
  void containers_outlive_their_runtime_and_the_node_is_not_ready_without_it() throws Exception {
    pod("steady", "sleep 1000");
    pod("brief", "until [ -e /tmp/end ]; do sleep 0.1; done; exit 5");
    Await.until("both run", () -> running("steady") && running("brief"));
    String id = node.container("steady").path("containerID").asText();
    String brief = node.container("brief").path("containerID").asText();
    String task = brief.substring("containerd://".length());
    // What happens behind the runtime's back.
    Path root =
        Path.of(
            "/proc",
            containerd
                .ctr("tasks", "list")
                .lines()
                .filter(l -> l.startsWith(task))
                .findFirst()
                .orElseThrow()
                .split(" +", -1)[1],
            "root");

    containerd.kill();
    Files.createFile(root.resolve("tmp/end"));
    Await.until("the node is not ready", () -> ready().path("status").asText(), "False"::equals);
    assertThat(ready().path("reason").asText()).isEqualTo("KubeletNotReady");
    assertThat(ready().path("message").asText()).contains("container runtime is down");

    containerd.restart();
    Await.until("the node is ready", () -> ready().path("status").asText(), "True"::equals);
    Await.until(
        "the end was seen",
        () -> node.container("brief").at("/lastState/terminated/exitCode").asInt(),
        code -> code == 5);
    assertThat(running("steady")).isTrue();
    assertThat(node.container("steady").path("containerID").asText()).isEqualTo(id);
    assertThat(node.container("steady").path("restartCount").asInt()).isZero();
  }

  @Test
  void a_log_that_becomes_too_long_is_begun_anew() throws Exception {
    pod("chatter", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done");
    Await.until("it runs", () -> running("chatter"));
    String uid = node.apiserver.get(TestNode.PODS + "chatter").at("/metadata/uid").asText();
    Path log = directory.resolve("logs/default_chatter_" + uid + "/main/0.log");
    Path old = log.resolveSibling("0.log.1");
    Await.until("it was rotated", () -> Files.exists(old));
    Await.until("it goes on", () -> Files.exists(log) && Files.size(log) > 0);
    String last = Files.readString(old).lines().toList().getLast();
    long number = Long.parseLong(last.substring(last.lastIndexOf(' ') + 1));
    assertThat(Files.readString(log).lines().findFirst().orElseThrow())
        .endsWith("stdout F line " + (number + 1));
  }

  @Test
  void what_an_earlier_run_of_the_same_kubelet_left_is_removed_and_nothing_else(
      @TempDir Path first, @TempDir Path second) throws Exception {
    Vertx vertx = node.vertx;
    CriRuntime crashed = runtime(vertx, first);
    CriRuntime other = runtime(vertx, second);
    Await.result(crashed.start());
    Await.result(other.start());
    String left = sandbox(crashed, "left", first);
    String others = sandbox(other, "others", second);

    CriRuntime next = runtime(vertx, first);
    Await.result(next.start());
    assertThat(containerd.ctr("tasks", "list", "-q")).doesNotContain(left).contains(others);

    Await.result(next.stop());
    Await.result(other.stop());
    assertThat(containerd.ctr("tasks", "list", "-q")).doesNotContain(others);
  }

  private static CriRuntime runtime(Vertx vertx, Path root) {
    return new CriRuntime(
        vertx, containerd.socket(), new CriRuntime.Node("127.30.4.4", root, 1L << 32, 1 << 20));
  }

  private static String sandbox(CriRuntime runtime, String name, Path root) throws Exception {
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace("default")
            .withUid("uid-of-" + name)
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("main")
            .withImage(TestImages.BUSYBOX)
            .endContainer()
            .endSpec()
            .build();
    return Await.result(
            runtime.runSandbox(new ContainerRuntime.SandboxConfig(pod, root.resolve("logs"))))
        .id();
  }

  private static void pod(String name, String script) {
    node.pod(
        name,
        TestImages.BUSYBOX,
        pod -> {
          ObjectNode container = (ObjectNode) pod.at("/spec/containers/0");
          var command = container.putArray("command");
          List.of("sh", "-c", script).forEach(command::add);
          return pod;
        });
  }

  private static boolean running(String pod) {
    return node.container(pod).at("/state/running").isObject();
  }

  private static JsonNode ready() {
    for (JsonNode condition : node.apiserver.get("/api/v1/nodes/n1").at("/status/conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        return condition;
      }
    }
    throw new AssertionError("no condition");
  }
}
