package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.containers.Containerd;
import io.hubspoke.testing.containers.TestImages;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Real containers of containerd, as people use them through kubectl, the apiserver and a kubelet.
 */
class ContainersThroughKubectlTest {
  private static final String WEBSOCKETS = "KUBECTL_REMOTE_COMMAND_WEBSOCKETS";

  @TempDir private static Path dir;
  private static Containerd containerd;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    containerd = Containerd.start(Files.createTempDirectory("hubspoke-cri"));
    mesh =
        TestMesh.start(
            dir, 1, k -> k.containerRuntimeEndpoint(new RuntimeEndpoint.Cri(containerd.socket())));
    kubectl = mesh.kubectl();
    pod(
        "web",
        "echo ready; mkdir /www; head -c 3000000 /dev/urandom > /www/page;"
            + " httpd -f -p 127.0.0.1:8080 -h /www");
    mesh.untilPhase("web", "Running");
  }

  @AfterAll
  static void stop() throws Exception {
    try {
      if (mesh != null) {
        mesh.stop();
      }
    } finally {
      if (containerd != null) {
        containerd.stop();
      }
    }
  }

  private static ObjectNode pod(String name, String script) throws Exception {
    ObjectNode pod = TestMesh.pod(name, "Always");
    TestMesh.container(pod, "main", TestImages.BUSYBOX, "-c", script);
    var container = (ObjectNode) pod.at("/spec/containers/0");
    container.putArray("command").add("sh");
    container.put("stdin", true);
    mesh.create(pod);
    return pod;
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void a_command_gets_its_input_and_gives_its_outputs_and_its_exit_code(String webSockets)
      throws Exception {
    var result =
        kubectl
            .with(WEBSOCKETS, webSockets)
            .input(
                "to the end",
                "exec",
                "-i",
                "web",
                "--",
                "sh",
                "-c",
                "cat; echo \"$1\" >&2; exit 5",
                "sh",
                "two words");
    // All of it, should a part be missing: what kubectl complained tells why.
    assertThat(result.out()).as(result.toString()).isEqualTo("to the end");
    // kubectl 1.32 may complain before of a message that came too early for it.
    assertThat(result.err()).contains("two words\n", "exit code 5");
    assertThat(result.status()).isEqualTo(5);
  }

  @Test
  void files_are_copied_both_ways_as_they_are() throws Exception {
    byte[] bytes = new byte[5_000_000];
    new Random(1).nextBytes(bytes);
    Path there = Files.write(dir.resolve("there"), bytes);
    Path back = dir.resolve("back");
    kubectl.run("cp", there.toString(), "web:/tmp/there").ok();
    kubectl.run("cp", "web:/tmp/there", back.toString()).ok();
    assertThat(back).hasSameBinaryContentAs(there);
  }

  @Test
  void logs_are_followed() throws Exception {
    assertThat(kubectl.run("logs", "web").ok()).isEqualTo("ready\n");
    pod("talker", "for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done; read line");
    mesh.untilPhase("talker", "Running");
    Process follower = kubectl.start("logs", "-f", "talker");
    try (var lines = reader(follower)) {
      for (int i = 1; i <= 5; i++) {
        assertThat(lines.readLine()).isEqualTo("line " + i);
      }
    } finally {
      follower.destroy();
    }
  }

  @Test
  void an_attached_client_talks_to_the_container() throws Exception {
    pod("listener", "while read line; do echo heard $line; done");
    mesh.untilPhase("listener", "Running");
    Process attached = kubectl.start("attach", "-i", "listener");
    try (var out = reader(attached);
        var in = attached.getOutputStream()) {
      in.write("hello\n".getBytes(StandardCharsets.UTF_8));
      in.flush();
      assertThat(out.readLine()).isEqualTo("heard hello");
    } finally {
      attached.destroy();
    }
  }

  @Test
  void a_port_is_forwarded_to_many_at_a_time() throws Exception {
    Process forward = kubectl.start("port-forward", "pod/web", ":8080");
    try (var said = reader(forward);
        HttpClient http = HttpClient.newHttpClient()) {
      String line = said.readLine();
      assertThat(line).startsWith("Forwarding from 127.0.0.1:");
      int port = Integer.parseInt(line.replaceAll(".*127.0.0.1:(\\d+) .*", "$1"));
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/page")).build();
      List<CompletableFuture<HttpResponse<byte[]>>> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        answers.add(http.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray()));
      }
      byte[] first = answers.getFirst().get(60, TimeUnit.SECONDS).body();
      assertThat(first).hasSize(3_000_000);
      for (var answer : answers) {
        assertThat(answer.get(60, TimeUnit.SECONDS).body()).isEqualTo(first);
      }
    } finally {
      forward.destroy();
    }
  }

  @Test
  void an_exec_whose_process_is_killed_ends_and_says_so() throws Exception {
    Process exec = kubectl.start("exec", "web", "--", "sh", "-c", "echo $$; exec sleep 54321");
    try (var out = reader(exec)) {
      String pid = out.readLine();
      kubectl.run("exec", "web", "--", "sh", "-c", "kill -9 " + pid).ok();
      assertThat(exec.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(exec.exitValue()).isEqualTo(137);
    } finally {
      exec.destroy();
    }
  }

  @Test
  void a_container_sees_its_service_account_and_asks_the_apiserver_on_the_hosts_network()
      throws Exception {
    String mount = "/var/run/secrets/kubernetes.io/serviceaccount";
    assertThat(kubectl.run("exec", "web", "--", "ls", mount).ok())
        .isEqualTo("ca.crt\nnamespace\ntoken\n");
    assertThat(kubectl.run("exec", "web", "--", "cat", mount + "/namespace").ok())
        .isEqualTo("default");
    assertThat(kubectl.run("exec", "web", "--", "touch", mount + "/x").failed())
        .contains("Read-only file system");

    ObjectNode pod = TestMesh.pod("asker", "Always");
    pod.withObject("/spec").put("hostNetwork", true);
    TestMesh.container(pod, "main", TestImages.BUSYBOX, "1000");
    ((ObjectNode) pod.at("/spec/containers/0")).putArray("command").add("sleep");
    mesh.create(pod);
    mesh.untilPhase("asker", "Running");
    // An address in 127.0.0.0/8 is each network's own, so that this takes the host's. Busybox
    // verifies nobody, and tells of a refusal by its code alone.
    String ask =
        "wget -q -O - --no-check-certificate --header \"Authorization: Bearer $(cat %s/token)\""
                .formatted(mount)
            + " https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT";
    Await.until(
        "kube-proxy leads there",
        () -> kubectl.run("exec", "asker", "--", "sh", "-c", ask + "/version").out(),
        answer -> answer.contains("gitVersion"));
    assertThat(
            kubectl.run("exec", "asker", "--", "sh", "-c", ask + "/api/v1/secrets 2>&1").failed())
        .isNotEmpty();
  }

  @Test
  void a_node_shows_its_runtime_and_its_images() throws Exception {
    assertThat(kubectl.run("get", "nodes", "-o", "wide", "--no-headers").ok())
        .contains("containerd://");
    Await.until(
        "images are told",
        () -> kubectl.run("get", "nodes", "-o", "jsonpath={.items[0].status.images}").ok(),
        images -> images.contains(TestImages.BUSYBOX));
  }

  private static BufferedReader reader(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }
}
