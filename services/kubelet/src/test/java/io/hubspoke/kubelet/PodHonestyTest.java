package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the kubelet tells of a pod is so: nothing that was asked for is left out in silence. */
class PodHonestyTest {
  @TempDir private Path directory;
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = new TestNode(directory, "127.10.104.1").start(o -> o.podCidr("127.20.104.0/24"));
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  /** Sets fields of the pod's container. */
  private static UnaryOperator<ObjectNode> container(String fields) {
    return pod -> {
      ((ObjectNode) pod.at("/spec/containers/0")).setAll((ObjectNode) json("{" + fields + "}"));
      return pod;
    };
  }

  private static JsonNode json(String text) {
    return Json.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private boolean ready(String pod) {
    for (JsonNode condition : node.status(pod).path("conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        return condition.path("status").asText().equals("True");
      }
    }
    return false;
  }

  private void untilEvent(String event) throws Exception {
    Await.until(event, () -> node.events(), all -> all.contains(event));
  }

  private void untilConfigError(String pod, String message) throws Exception {
    JsonNode waiting =
        Await.until(
            "an error",
            () -> node.container(pod).at("/state/waiting"),
            w -> w.path("reason").asText().equals("CreateContainerConfigError"));
    assertThat(waiting.path("message").asText()).isEqualTo(message);
    assertThat(node.status(pod).path("phase").asText()).isEqualTo("Pending");
    untilEvent("Failed: Error: " + message);
  }

  @Test
  void a_container_whose_readiness_probe_fails_runs_but_is_not_ready() throws Exception {
    node.pod(
        "closed",
        "hubspoke/pause",
        container(
            "'readinessProbe':"
                + "{'tcpSocket':{'port':18999},'periodSeconds':1,'failureThreshold':1}"));
    Await.until("it runs", () -> node.container("closed").at("/state").has("running"));
    String ip = node.status("closed").path("podIP").asText();
    untilEvent(
        "Unhealthy: Readiness probe failed: dial tcp "
            + ip
            + ":18999: connect: connection refused");
    assertThat(node.container("closed").path("ready").asBoolean()).isFalse();
    assertThat(node.container("closed").path("started").asBoolean()).isTrue();
    assertThat(ready("closed")).isFalse();
    assertThat(node.container("closed").path("restartCount").asInt()).isZero();
  }

  @Test
  void a_container_is_ready_when_its_startup_and_readiness_probes_succeed() throws Exception {
    node.pod(
        "web",
        "hubspoke/echo",
        container(
            """
            'ports':[{'name':'http','containerPort':18082}],
            'startupProbe':{'tcpSocket':{'port':18082},'periodSeconds':1},
            'livenessProbe':{'tcpSocket':{'port':'http'},'periodSeconds':1},
            'readinessProbe':{'httpGet':{'path':'/ready','port':'http'},'periodSeconds':1}
            """));
    Await.until("it is ready", () -> ready("web"));
    assertThat(node.container("web").path("ready").asBoolean()).isTrue();
    assertThat(node.container("web").path("restartCount").asInt()).isZero();
  }

  @Test
  void a_container_that_fails_its_liveness_or_startup_probe_is_restarted() throws Exception {
    String probe = "{'httpGet':{'port':18998},'periodSeconds':1,'failureThreshold':1}";
    node.pod("dead", "hubspoke/pause", container("'livenessProbe':" + probe));
    node.pod("slow", "hubspoke/pause", container("'startupProbe':" + probe));
    Await.until("a restart", () -> node.container("dead").path("restartCount").asInt() >= 1);
    Await.until("a restart", () -> node.container("slow").path("restartCount").asInt() >= 1);
    untilEvent("Killing: Container main failed liveness probe, will be restarted");
    untilEvent("Killing: Container main failed startup probe, will be restarted");
    assertThat(node.container("slow").path("ready").asBoolean()).isFalse();
  }

  @Test
  void a_container_with_a_probe_that_cannot_be_run_is_not_started() throws Exception {
    node.pod("grpc", "hubspoke/pause", container("'livenessProbe':{'grpc':{'port':1}}"));
    untilConfigError("grpc", "grpc probes are not supported by this runtime");
  }

  @Test
  void powers_that_a_program_in_this_process_cannot_have_are_refused() throws Exception {
    node.pod("power", "hubspoke/pause", container("'securityContext':{'privileged':true}"));
    untilConfigError(
        "power",
        "securityContext.privileged: true is not supported by the runtime hubspoke://0.1.0");
  }

  @Test
  void a_container_waits_for_the_secret_that_its_environment_names() throws Exception {
    node.pod(
        "env",
        "hubspoke/echo",
        container(
            """
            'env':[{'name':'PORT','valueFrom':{'secretKeyRef':{'name':'token','key':'port'}}}],
            'readinessProbe':{'tcpSocket':{'port':18083},'periodSeconds':1}
            """));
    untilConfigError("env", "secret \"token\" not found");

    ObjectNode secret = Json.object().put("kind", "Secret").put("apiVersion", "v1");
    secret.putObject("metadata").put("name", "token").put("namespace", "default");
    byte[] port = "18083".getBytes(StandardCharsets.UTF_8);
    secret.putObject("data").put("port", Base64.getEncoder().encodeToString(port));
    node.apiserver.put("/api/v1/namespaces/default/secrets/token", secret);
    Await.until("it listens where the secret says", () -> ready("env"));
  }

  @Test
  void a_container_gets_all_of_a_config_map_and_says_which_key_is_missing() throws Exception {
    ObjectNode map = Json.object().put("kind", "ConfigMap").put("apiVersion", "v1");
    map.putObject("metadata").put("name", "web").put("namespace", "default");
    map.putObject("data").put("ORT", "18084");
    node.apiserver.put("/api/v1/namespaces/default/configmaps/web", map);
    node.pod(
        "all",
        "hubspoke/echo",
        container(
            """
            'envFrom':[{'prefix':'P','configMapRef':{'name':'web'}}],
            'readinessProbe':{'tcpSocket':{'port':18084},'periodSeconds':1}
            """));
    node.pod(
        "key",
        "hubspoke/echo",
        container(
            "'env':" + "[{'name':'A','valueFrom':{'configMapKeyRef':{'name':'web','key':'no'}}}]"));
    Await.until("it listens where the map says", () -> ready("all"));
    untilConfigError("key", "couldn't find key no in ConfigMap default/web");
  }

  @Test
  void a_variable_of_a_source_that_is_not_supported_holds_the_container_back() throws Exception {
    node.pod(
        "cpu",
        "hubspoke/pause",
        container(
            "'env':[{'name':'A','valueFrom':{'resourceFieldRef':{'resource':'limits.gold'}}}]"));
    untilConfigError("cpu", "unsupported container resource : limits.gold");
  }

  @Test
  void a_pod_with_a_volume_that_cannot_be_mounted_does_not_run() throws Exception {
    node.pod(
        "mount",
        "hubspoke/pause",
        pod -> {
          ((ObjectNode) pod.path("spec"))
              .set("volumes", json("[{'name':'v','hostPath':{'path':'/tmp'}}]"));
          return pod;
        });
    node.pod(
        "scratch",
        "hubspoke/pause",
        pod -> {
          ((ObjectNode) pod.path("spec")).set("volumes", json("[{'name':'v','emptyDir':{}}]"));
          return pod;
        });
    untilEvent(
        "FailedMount: MountVolume.SetUp failed for volume \"v\" : volumes of type hostPath are not"
            + " supported by the runtime hubspoke://0.1.0, whose containers have no file system of"
            + " their own");
    Await.until("the other runs", () -> ready("scratch"));
    assertThat(node.container("mount").at("/state/waiting/reason").asText())
        .isEqualTo("ContainerCreating");
    assertThat(node.status("mount").path("phase").asText()).isEqualTo("Pending");
    node.delete("mount", 0);
    Await.until("it is gone", () -> node.apiserver.get(TestNode.PODS + "mount").isEmpty());
  }

  @Test
  void a_changed_image_restarts_the_container_with_it() throws Exception {
    node.pod("change", "hubspoke/pause", p -> p);
    Await.until("it runs", () -> ready("change"));
    ObjectNode pod = node.apiserver.get(TestNode.PODS + "change");
    ((ObjectNode) pod.at("/spec/containers/0")).put("image", "hubspoke/ticker:2");
    node.apiserver.put(TestNode.PODS + "change", pod);
    Await.until(
        "the new image",
        () -> node.container("change"),
        c ->
            c.path("image").asText().equals("hubspoke/ticker:2")
                && c.path("restartCount").asInt() == 1
                && c.at("/state").has("running"));
    assertThat(node.container("change").path("imageID").asText()).contains("ticker");
    untilEvent("Killing: Container main definition changed, will be restarted");
  }
}
