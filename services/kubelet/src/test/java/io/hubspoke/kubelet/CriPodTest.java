package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.containers.Containerd;
import io.hubspoke.testing.containers.TestImages;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods of a kubelet whose containers containerd runs for real. */
class CriPodTest {
  @TempDir private static Path directory;
  private static Containerd containerd;
  private static TestNode node;

  @BeforeAll
  static void start() throws Exception {
    containerd = Containerd.start(Files.createTempDirectory("hubspoke-cri"));
    node =
        new TestNode(directory, "127.30.4.1")
            .start(o -> o.containerRuntimeEndpoint(new RuntimeEndpoint.Cri(containerd.socket())));
  }

  @AfterAll
  static void stop() throws Exception {
    try {
      if (node != null) {
        node.stop();
        assertThat(containerd.ctr("tasks", "list", "-q")).isBlank();
      }
    } finally {
      if (containerd != null) {
        containerd.stop();
      }
    }
  }

  @Test
  void a_pod_runs_in_a_sandbox_with_an_address_and_writes_its_log() throws Exception {
    shell("hello", "echo hello from $(hostname); sleep 1000");
    Await.until("it runs", () -> node.status("hello").path("phase").asText().equals("Running"));
    assertThat(node.status("hello").path("podIP").asText()).startsWith("10.");
    assertThat(node.container("hello").path("containerID").asText()).startsWith("containerd://");
    Await.until("its line is there", () -> log("hello", 0).contains("stdout F hello from hello"));
  }

  @Test
  void a_container_that_crashes_is_started_again_and_its_last_log_stays() throws Exception {
    node.pod(
        "crash",
        TestImages.BUSYBOX,
        pod -> {
          ((ObjectNode) pod.at("/spec/containers/0"))
              .put("terminationMessagePath", "/dev/termination-log");
          return command(pod, "sh", "-c", "echo run; echo why > /dev/termination-log; exit 3");
        });
    JsonNode container =
        Await.until(
            "it was started again",
            () -> node.container("crash"),
            c -> c.path("restartCount").asInt() > 0 && c.at("/lastState/terminated").isObject());
    JsonNode last = container.at("/lastState/terminated");
    assertThat(last.path("exitCode").asInt()).isEqualTo(3);
    assertThat(last.path("reason").asText()).isEqualTo("Error");
    assertThat(last.path("message").asText()).isEqualTo("why\n");
    assertThat(log("crash", 0)).contains("stdout F run");
  }

  @Test
  void a_container_that_fails_without_a_word_may_have_its_log_tell_why() throws Exception {
    node.pod(
        "silent",
        TestImages.BUSYBOX,
        pod -> {
          ((ObjectNode) pod.path("spec")).put("restartPolicy", "Never");
          ((ObjectNode) pod.at("/spec/containers/0"))
              .put("terminationMessagePath", "/dev/termination-log")
              .put("terminationMessagePolicy", "FallbackToLogsOnError");
          return command(pod, "sh", "-c", "echo cannot find the way; exit 1");
        });
    Await.until(
        "it is told",
        () -> node.container("silent").at("/state/terminated/message").asText(),
        "cannot find the way\n"::equals);
  }

  @Test
  void a_container_that_uses_more_memory_than_it_may_is_ended_and_that_is_told() throws Exception {
    node.pod(
        "greedy",
        TestImages.BUSYBOX,
        pod -> {
          ObjectNode container = (ObjectNode) pod.at("/spec/containers/0");
          container.putObject("resources").putObject("limits").put("memory", "24Mi");
          ((ObjectNode) pod.path("spec")).put("restartPolicy", "Never");
          return command(pod, "tail", "/dev/zero");
        });
    JsonNode ended =
        Await.until(
            "it has ended",
            () -> node.container("greedy").at("/state/terminated"),
            JsonNode::isObject);
    assertThat(ended.path("reason").asText()).isEqualTo("OOMKilled");
    assertThat(ended.path("exitCode").asInt()).isEqualTo(137);
  }

  @Test
  void a_command_that_is_not_in_the_image_is_told() throws Exception {
    node.pod("typo", TestImages.BUSYBOX, pod -> command(pod, "/bin/nothing"));
    JsonNode last =
        Await.until(
            "it could not start",
            () -> node.container("typo").at("/lastState/terminated"),
            JsonNode::isObject);
    assertThat(last.path("reason").asText()).isEqualTo("StartError");
    assertThat(last.path("message").asText()).contains("/bin/nothing").contains("no such file");
  }

  @Test
  void a_container_that_hears_sigterm_ends_at_once() throws Exception {
    shell("polite", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done");
    Await.until("it listens", () -> log("polite", 0).contains("ready"));
    Instant asked = Instant.now();
    node.delete("polite", 60);
    Await.until("it is gone", () -> node.apiserver.get(TestNode.PODS + "polite").isEmpty());
    assertThat(Duration.between(asked, Instant.now())).isLessThan(Duration.ofSeconds(20));
  }

  @Test
  void a_container_that_does_not_is_killed_after_its_grace_period() throws Exception {
    // The first process of a PID namespace ignores what it has no handler for.
    shell("stubborn", "echo ready; while :; do sleep 0.1; done");
    Await.until("it listens", () -> log("stubborn", 0).contains("ready"));
    Instant asked = Instant.now();
    node.delete("stubborn", 2);
    Await.until("it is gone", () -> node.apiserver.get(TestNode.PODS + "stubborn").isEmpty());
    assertThat(Duration.between(asked, Instant.now())).isGreaterThan(Duration.ofSeconds(2));
  }

  @Test
  void a_policy_of_never_pulling_is_kept_and_a_pull_that_fails_is_told() throws Exception {
    for (String policy : List.of("Never", "IfNotPresent")) {
      node.pod(
          policy.toLowerCase(Locale.ROOT),
          "127.0.0.1:1/nothing:1",
          pod -> {
            ((ObjectNode) pod.at("/spec/containers/0")).put("imagePullPolicy", policy);
            return pod;
          });
    }
    Await.until(
        "it says that it may not pull",
        () -> node.container("never").at("/state/waiting/reason").asText(),
        "ErrImageNeverPull"::equals);
    Await.until(
        "it says that it can't pull",
        () -> node.container("ifnotpresent").at("/state/waiting/message").asText(),
        message -> message.contains("127.0.0.1:1"));
  }

  @Test
  void a_container_is_who_and_what_its_security_context_says() throws Exception {
    node.pod(
        "secure",
        TestImages.NOBODY,
        pod -> {
          ObjectNode spec = (ObjectNode) pod.path("spec");
          spec.put("restartPolicy", "Never").put("hostname", "elsewhere");
          spec.putObject("securityContext").put("runAsNonRoot", true).put("fsGroup", 2000);
          ObjectNode container = (ObjectNode) pod.at("/spec/containers/0");
          container.put("workingDir", "/tmp");
          ObjectNode security = container.putObject("securityContext");
          security.put("readOnlyRootFilesystem", true).put("allowPrivilegeEscalation", false);
          security.putObject("capabilities").putArray("drop").add("ALL");
          return command(
              pod,
              "sh",
              "-c",
              "id -u; id -G; pwd; hostname; touch /x; grep -E 'CapBnd|NoNewPrivs' /proc/self/status;"
                  + " cat /etc/hosts");
        });
    Await.until(
        "it has ended", () -> node.status("secure").path("phase").asText(), "Succeeded"::equals);
    assertThat(log("secure", 0))
        .contains("stdout F 65534\n")
        .contains("2000\n")
        .contains("stdout F /tmp\n")
        .contains("stdout F elsewhere\n")
        .contains("Read-only file system")
        .contains("CapBnd:\t0000000000000000")
        .contains("NoNewPrivs:\t1")
        .contains(node.status("secure").path("podIP").asText() + "\telsewhere");
  }

  @Test
  void a_pods_containers_share_its_volumes(@TempDir Path host) throws Exception {
    Files.writeString(host.resolve("page"), "from the host");
    object("configmaps", "settings", "{'data': {'color': 'blue', 'shape': 'round'}}");
    object("secrets", "keys", "{'data': {'key': 'c2VjcmV0'}}");
    node.pod(
        "volumes",
        TestImages.BUSYBOX,
        pod -> {
          ObjectNode spec = (ObjectNode) pod.path("spec");
          spec.setAll(
              json(
                  """
                  {'restartPolicy': 'Never', 'volumes': [
                    {'name': 'shared', 'emptyDir': {}},
                    {'name': 'settings', 'configMap': {'name': 'settings'}},
                    {'name': 'keys', 'secret': {'secretName': 'keys', 'defaultMode': 256}},
                    {'name': 'me', 'downwardAPI': {'items': [
                      {'path': 'name', 'fieldRef': {'fieldPath': 'metadata.name'}}]}},
                    {'name': 'host', 'hostPath': {'path': '%s'}}]}
                  """
                      .formatted(host)));
          ObjectNode container = (ObjectNode) pod.at("/spec/containers/0");
          container.setAll(
              json(
                  """
                  {'volumeMounts': [
                    {'name': 'shared', 'mountPath': '/shared'},
                    {'name': 'settings', 'mountPath': '/settings'},
                    {'name': 'settings', 'mountPath': '/etc/shape', 'subPath': 'shape'},
                    {'name': 'keys', 'mountPath': '/keys', 'readOnly': true},
                    {'name': 'me', 'mountPath': '/me'},
                    {'name': 'host', 'mountPath': '/host'}]}
                  """));
          spec.withArray("containers")
              .add(
                  json(
                      """
                      {'name': 'other', 'image': '%s',
                       'command': ['sh', '-c', 'echo from the other > /there/note'],
                       'volumeMounts': [{'name': 'shared', 'mountPath': '/there'}]}
                      """
                          .formatted(TestImages.BUSYBOX)));
          return command(
              pod,
              "sh",
              "-c",
              "until [ -s /shared/note ]; do sleep 0.1; done; cat /shared/note;"
                  + " for f in /settings/color /etc/shape /keys/key /me/name /host/page;"
                  + " do echo $(cat $f); done; ls -lL /keys/key; echo x > /keys/key;"
                  + " echo back > /host/answer");
        });
    Await.until(
        "it has ended", () -> node.status("volumes").path("phase").asText(), "Succeeded"::equals);
    assertThat(log("volumes", 0).lines().map(line -> line.substring(line.indexOf(" F ") + 3)))
        .contains("from the other", "blue", "round", "secret", "volumes", "from the host")
        .anyMatch(line -> line.startsWith("-r--------"))
        .anyMatch(line -> line.contains("Read-only file system"));
    assertThat(host.resolve("answer")).hasContent("back");
  }

  private static void object(String resource, String name, String body) {
    ObjectNode object = json(body);
    object.putObject("metadata").put("name", name).put("namespace", "default");
    node.apiserver.put("/api/v1/namespaces/default/" + resource + "/" + name, object);
  }

  private static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void a_container_that_must_not_be_root_and_would_be_is_refused() throws Exception {
    node.pod(
        "root",
        TestImages.BUSYBOX,
        pod -> {
          ((ObjectNode) pod.path("spec")).putObject("securityContext").put("runAsUser", 0);
          ((ObjectNode) pod.at("/spec/containers/0"))
              .putObject("securityContext")
              .put("runAsNonRoot", true);
          return command(pod, "sleep", "1000");
        });
    Await.until(
        "it says why",
        () -> node.container("root").at("/state/waiting"),
        waiting -> waiting.path("message").asText().contains("runAsUser breaks non-root policy"));
    assertThat(node.container("root").at("/state/waiting/reason").asText())
        .isEqualTo("CreateContainerConfigError");
    assertThat(node.container("root").path("restartCount").asInt()).isZero();
  }

  @Test
  void a_kubelet_without_its_runtime_says_so_in_a_line(@TempDir Path own) {
    Path socket = own.resolve("nothing.sock");
    TestNode other;
    try {
      other = new TestNode(own, "127.30.4.2");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    assertThatThrownBy(
            () -> other.start(o -> o.containerRuntimeEndpoint(new RuntimeEndpoint.Cri(socket))))
        .hasMessageContaining("--container-runtime-endpoint")
        .hasMessageContaining("unix://" + socket);
  }

  private static void shell(String name, String script) {
    node.pod(name, TestImages.BUSYBOX, pod -> command(pod, "sh", "-c", script));
  }

  private static ObjectNode command(ObjectNode pod, String... command) {
    ObjectNode container = (ObjectNode) pod.at("/spec/containers/0");
    List.of(command).forEach(container.putArray("command")::add);
    return pod;
  }

  private static String log(String pod, int attempt) throws Exception {
    String uid = node.apiserver.get(TestNode.PODS + pod).at("/metadata/uid").asText();
    Path file =
        node.directory.resolve("logs/default_" + pod + "_" + uid + "/main/" + attempt + ".log");
    return Files.exists(file) ? Files.readString(file) : "";
  }
}
