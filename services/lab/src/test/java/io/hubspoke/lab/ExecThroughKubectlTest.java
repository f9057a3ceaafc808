package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** exec, attach and cp, from real kubectls through the apiserver to processes of a kubelet. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExecThroughKubectlTest {
  private static final String IMAGE = "hubspoke/host";
  private static final long SECONDS = 60;

  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    mesh =
        TestMesh.start(
            dir, 1, k -> k.containerRuntimeEndpoint(RuntimeEndpoint.parse("process://")));
    shell("box", "trap 'exit 0' TERM; sleep 100000 & wait", false);
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  /** Runs a pod of one shell. */
  private static void shell(String name, String script, boolean stdin) throws Exception {
    ObjectNode pod = TestMesh.pod(name, "Never");
    TestMesh.container(pod, "main", IMAGE);
    ObjectNode container = (ObjectNode) pod.at("/spec/containers/0");
    container.putArray("command").add("sh").add("-c").add(script);
    container.put("stdin", stdin);
    mesh.create(pod);
    mesh.untilPhase(name, "Running");
  }

  static List<StreamSession> sessions() throws Exception {
    return StreamSession.forCommands();
  }

  static List<StreamSession> newest() throws Exception {
    return StreamSession.newest();
  }

  @ParameterizedTest
  @MethodSource("sessions")
  void input_ends_output_and_errors_come_apart_and_the_exit_code_is_told(StreamSession session)
      throws Exception {
    Kubectl.Result result =
        session
            .kubectl(mesh)
            .input(
                "hello\n",
                "exec",
                "-i",
                "box",
                "--",
                "sh",
                "-c",
                "cat; echo \"$1\" >&2; exit 7",
                "--",
                "--tail=1  a 'b'");
    assertThat(result.out()).isEqualTo("hello\n");
    assertThat(result.err()).isEqualTo("--tail=1  a 'b'\ncommand terminated with exit code 7\n");
    assertThat(result.status()).isEqualTo(7);
  }

  @ParameterizedTest
  @MethodSource("newest")
  void what_cannot_be_run_or_found_is_said(StreamSession session) throws Exception {
    Kubectl kubectl = session.kubectl(mesh);
    assertThat(kubectl.run("exec", "box", "--", "/no/such/command").failed())
        .contains("/no/such/command");
    assertThat(kubectl.run("exec", "box", "-c", "none", "--", "true").failed())
        .contains("container", "none");
    assertThat(kubectl.run("exec", "none", "--", "true").failed())
        .contains("pods \"none\" not found");
    // Its own signal ends the command, not the container.
    assertThat(kubectl.run("exec", "box", "--", "sh", "-c", "kill -9 $$").status()).isEqualTo(137);
    assertThat(kubectl.run("exec", "box", "--", "echo", "still here").ok())
        .isEqualTo("still here\n");
  }

  @ParameterizedTest
  @MethodSource("newest")
  void a_command_ends_with_its_container(StreamSession session) throws Exception {
    String name = "brief-" + session.webSockets();
    shell(name, "sleep 100000", false);
    Process exec =
        session.kubectl(mesh).start("exec", name, "--", "sh", "-c", "echo on; sleep 1000");
    try (BufferedReader out = exec.inputReader()) {
      assertThat(out.readLine()).isEqualTo("on");
      mesh.kubectl().run("delete", "pod", name, "--grace-period=0", "--force").ok();
      assertThat(exec.waitFor(SECONDS, TimeUnit.SECONDS)).as("it ends").isTrue();
      assertThat(exec.exitValue()).isNotZero();
    } finally {
      exec.destroyForcibly();
    }
  }

  @ParameterizedTest
  @MethodSource("newest")
  void a_terminal_has_the_size_of_the_clients_and_follows_it(StreamSession session)
      throws Exception {
    Kubectl kubectl = session.kubectl(mesh);
    Path go = dir.resolve("go-" + session.webSockets());
    String script =
        "stty rows 33 cols 99; tty=$(tty);"
            + " (until [ -e %s ]; do sleep 0.1; done; stty rows 44 cols 120 <$tty) &"
            + " exec %s exec -it box -- sh -c '%s'";
    String inside =
        "until [ \"$(stty size)\" = \"33 99\" ]; do sleep 0.1; done; stty size;"
            + " until [ \"$(stty size)\" = \"44 120\" ]; do sleep 0.1; done; stty size;"
            + " read line; echo \"got $line\"; exit 3";
    Process terminal =
        kubectl.start(
            List.of(
                "script", "-qefc", script.formatted(go, kubectl.binary(), inside), "/dev/null"));
    StringBuilder seen = new StringBuilder();
    try (var out = terminal.getInputStream();
        OutputStream in = terminal.getOutputStream()) {
      readUntil(out, seen, "33 99");
      Files.createFile(go);
      readUntil(out, seen, "44 120");
      in.write("typed\r".getBytes(StandardCharsets.UTF_8));
      in.flush();
      readUntil(out, seen, "got typed");
      assertThat(terminal.waitFor(SECONDS, TimeUnit.SECONDS)).as("it ends").isTrue();
      assertThat(terminal.exitValue()).as(seen.toString()).isEqualTo(3);
    } finally {
      terminal.destroyForcibly();
    }
  }

  private static void readUntil(java.io.InputStream in, StringBuilder seen, String text)
      throws IOException {
    while (seen.indexOf(text) < 0) {
      int c = in.read();
      assertThat(c).as("%s in: %s", text, seen).isNotNegative();
      seen.append((char) c);
    }
  }

  @ParameterizedTest
  @MethodSource("newest")
  void an_attached_client_talks_to_the_process_and_leaves_it_running(StreamSession session)
      throws Exception {
    String name = "listener-" + session.webSockets();
    shell(name, "while read line; do echo \"got $line\"; done; sleep 100000", true);
    Kubectl kubectl = session.kubectl(mesh);
    for (String word : List.of("first", "second")) {
      Process attached = kubectl.start("attach", "-i", name);
      try (BufferedReader out = attached.inputReader()) {
        OutputStream in = attached.getOutputStream();
        in.write((word + "\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
        assertThat(out.readLine()).isEqualTo("got " + word);
      } finally {
        attached.destroyForcibly();
      }
    }
    assertThat(mesh.status(name).at("/containerStatuses/0/restartCount").asInt()).isZero();
    assertThat(kubectl.run("logs", name).ok()).isEqualTo("got first\ngot second\n");
  }

  // On a busy machine it takes its time.
  @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @ParameterizedTest
  @MethodSource("newest")
  void files_are_copied_both_ways_unchanged(StreamSession session) throws Exception {
    Kubectl kubectl = session.kubectl(mesh);
    Path sent = dir.resolve("sent-" + session.webSockets());
    Path back = dir.resolve("back-" + session.webSockets());
    // Once at full size: the other transport carries the same bytes by the same code.
    int megabytes = session.webSockets() ? 100 : 10;
    Random random = new Random(4);
    try (OutputStream out = Files.newOutputStream(sent)) {
      byte[] block = new byte[1 << 20];
      for (int i = 0; i < megabytes; i++) {
        random.nextBytes(block);
        out.write(block);
      }
    }
    String inside = "box:/tmp/copied-" + session.webSockets();
    kubectl.run("cp", sent.toString(), inside).ok();
    kubectl.run("cp", inside, back.toString()).ok();
    assertThat(Files.size(back)).isEqualTo((long) megabytes << 20);
    assertThat(digest(back)).isEqualTo(digest(sent));
    Files.delete(sent);
    Files.delete(back);
  }

  private static String digest(Path file) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (var in = Files.newInputStream(file)) {
      byte[] block = new byte[1 << 20];
      int read;
      while ((read = in.read(block)) > 0) {
        digest.update(block, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  @Test
  void a_reader_that_stops_costs_no_more_than_a_buffer() throws Exception {
    Process exec = mesh.kubectl().start("exec", "box", "--", "sh", "-c", "yes | head -c 50000000");
    try (var out = exec.getInputStream()) {
      assertThat(out.read()).isEqualTo('y');
      // Meanwhile others are served, and what stopped goes on where it was.
      for (int i = 0; i < 3; i++) {
        assertThat(mesh.kubectl().run("exec", "box", "--", "echo", "in time").ok())
            .isEqualTo("in time\n");
      }
      long rest = out.transferTo(OutputStream.nullOutputStream());
      assertThat(rest).isEqualTo(50_000_000 - 1);
      assertThat(exec.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(exec.exitValue()).isZero();
    } finally {
      exec.destroyForcibly();
    }
  }

  @Test
  void a_kubelet_that_dies_ends_what_it_served_with_an_error() throws Exception {
    Process exec = mesh.kubectl().start("exec", "box", "--", "sh", "-c", "echo on; sleep 1000");
    try (BufferedReader out = exec.inputReader();
        BufferedReader err = exec.errorReader()) {
      assertThat(out.readLine()).isEqualTo("on");
      Await.result(mesh.mesh().nodes().get("node-1").wire().reset());
      assertThat(exec.waitFor(SECONDS, TimeUnit.SECONDS)).as("it ends").isTrue();
      assertThat(exec.exitValue()).isNotZero();
      assertThat(err.readAllAsString()).isNotBlank();
    } finally {
      exec.destroyForcibly();
    }
  }

  @Test
  void the_apiserver_proxies_to_a_pod_with_a_network_of_its_own() throws Exception {
    ObjectNode pod = TestMesh.pod("web", "Never");
    TestMesh.container(pod, "main", "busybox");
    ObjectNode container = (ObjectNode) pod.path("spec").path("containers").path(0);
    List.of("httpd", "-f", "-p", "8080", "-h", "/etc").forEach(container.putArray("command")::add);
    mesh.create(pod);
    mesh.untilPhase("web", "Running");

    String uri = "/api/v1/namespaces/default/pods/web:8080/proxy/hostname";
    // The server may begin to listen after its container has started.
    Await.until(
        "its page",
        () -> mesh.kubectl().run("get", "--raw", uri).out(),
        page -> page.equals("web\n"));
  }
}
