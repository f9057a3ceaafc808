package io.hubspoke.kubelet.runtime.cri;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Container;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Sandbox;
import io.hubspoke.kubelet.runtime.ContainerRuntime.SandboxConfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.containers.Containerd;
import io.hubspoke.testing.containers.TestImages;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exec, attach and port-forward through containerd's streaming server. */
class CriStreamsTest {
  private static final RemoteCommand OUT = new RemoteCommand(false, true, true, false);
  private static final RemoteCommand ALL = new RemoteCommand(true, true, true, false);
  private static final RemoteCommand TERMINAL = new RemoteCommand(true, true, false, true);

  @TempDir private static Path directory;
  private static Vertx vertx;
  private static Containerd containerd;
  private static CriRuntime runtime;
  private static Sandbox sandbox;
  private static Container container;

  @BeforeAll
  static void start() throws Exception {
    containerd = Containerd.start(Files.createTempDirectory("hubspoke-cri"));
    vertx = Component.vertx();
    runtime =
        new CriRuntime(
            vertx,
            containerd.socket(),
            new CriRuntime.Node("127.30.4.5", directory, 1L << 32, 1 << 20));
    Await.result(runtime.start());
    sandbox = Await.result(runtime.runSandbox(new SandboxConfig(pod(), directory.resolve("logs"))));
    container = container("main", "while :; do sleep 1; done", false);
  }

  @AfterAll
  static void stop() throws Exception {
    try {
      if (runtime != null) {
        Await.result(runtime.stop());
        Await.result(vertx.close());
      }
    } finally {
      if (containerd != null) {
        containerd.stop();
      }
    }
  }

  @Test
  void a_command_tells_its_outputs_apart_and_its_exit_code() throws Exception {
    var process = exec(OUT, "sh", "-c", "echo out; echo err >&2; exit 7");
    var out = new Read(process.stdout());
    var err = new Read(process.stderr());
    assertThat(Await.result(process.exited())).isEqualTo(7);
    out.until("out\n");
    err.until("err\n");
  }

  @Test
  void a_command_reads_its_input_to_the_end() throws Exception {
    var process = exec(ALL, "sh", "-c", "cat; echo that was all");
    var out = new Read(process.stdout());
    new Read(process.stderr());
    process.stdin().write(Buffer.buffer("some input\n")).await();
    out.until("some input\n");
    process.stdin().end().await();
    assertThat(Await.result(process.exited())).isZero();
    out.until("some input\nthat was all\n");
  }

  @Test
  void a_terminal_has_the_size_of_the_clients() throws Exception {
    var process = exec(TERMINAL, "sh");
    var out = new Read(process.stdout());
    process.resize(new TerminalSize(123, 45));
    process.stdin().write(Buffer.buffer("until stty size | grep '45 123'; do sleep 0.1; done\n"));
    out.until("45 123\r\n");
    process.stdin().write(Buffer.buffer("exit 3\n"));
    assertThat(Await.result(process.exited())).isEqualTo(3);
  }

  @Test
  void much_output_arrives_as_a_whole() throws Exception {
    var process = exec(OUT, "head", "-c", "20000000", "/dev/zero");
    long[] bytes = {0};
    process.stdout().handler(part -> bytes[0] += part.length());
    process.stdout().resume();
    new Read(process.stderr());
    assertThat(Await.result(process.exited())).isZero();
    Await.until("all is there", () -> bytes[0], length -> length == 20_000_000);
  }

  @Test
  void a_command_that_is_not_there_is_told() throws Exception {
    var process = runtime.exec(container, List.of("/bin/nothing"), OUT);
    assertThat(
            Await.failure(
                process.compose(
                    p -> {
                      new Read(p.stdout());
                      new Read(p.stderr());
                      return p.exited();
                    })))
        .hasMessageContaining("/bin/nothing");
  }

  @Test
  void a_container_that_has_ended_takes_no_command() throws Exception {
    Container brief = container("brief", "exit 0", false);
    Await.result(brief.exited());
    assertThat(Await.failure(runtime.exec(brief, List.of("true"), OUT)))
        .isInstanceOf(ContainerRuntime.StartException.class)
        .hasMessageContaining("CONTAINER_EXITED");
  }

  @Test
  void an_attached_client_talks_to_the_containers_own_process() throws Exception {
    Container shell = container("shell", "while read line; do echo heard $line; done", true);
    RemoteProcess process = Await.result(runtime.attach(shell, ALL));
    var out = new Read(process.stdout());
    new Read(process.stderr());
    process.stdin().write(Buffer.buffer("this\n"));
    out.until("heard this\n");
    process.close();
    // The container goes on, and takes the next one.
    RemoteProcess next = Await.result(runtime.attach(shell, ALL));
    var more = new Read(next.stdout());
    new Read(next.stderr());
    next.stdin().write(Buffer.buffer("that\n"));
    more.until("heard that\n");
    next.close();
    assertThat(shell.exited().isComplete()).isFalse();
  }

  @Test
  void a_port_that_listens_on_the_pods_loopback_alone_is_reached() throws Exception {
    var listener = exec(OUT, "httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/etc");
    new Read(listener.stdout());
    new Read(listener.stderr());
    listening(8080);
    List<Duplex> connections = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      connections.add(Await.result(runtime.portForward(sandbox, 8080)));
    }
    for (Duplex connection : connections) {
      var answer = new Read(connection);
      connection.write(Buffer.buffer("GET /passwd HTTP/1.0\r\n\r\n"));
      answer.until("root:x:0");
      connection.end();
      Await.result(connection.closed());
    }
    listener.close();
  }

  @Test
  void a_port_on_which_nobody_listens_is_told() throws Exception {
    assertThat(
            Await.failure(
                runtime
                    .portForward(sandbox, 9)
                    .compose(
                        connection -> {
                          new Read(connection);
                          return connection.closed();
                        })))
        .hasMessageContaining("refused");
  }

  @Test
  void what_a_container_uses_is_told() throws Exception {
    var usage = Await.result(runtime.usage(container)).orElseThrow();
    assertThat(usage.cpuNanos()).isPositive();
    assertThat(usage.memoryBytes()).isPositive();
  }

  private static RemoteProcess exec(RemoteCommand streams, String... command) throws Exception {
    return Await.result(runtime.exec(container, List.of(command), streams));
  }

  private static void listening(int port) throws Exception {
    String line = "0100007F:%04X 00000000:0000 0A".formatted(port);
    Await.until(
        "somebody listens",
        () -> {
          var process = exec(OUT, "cat", "/proc/net/tcp");
          var out = new Read(process.stdout());
          new Read(process.stderr());
          Await.result(process.exited());
          return out.text().contains(line);
        });
  }

  private static Pod pod() {
    return new PodBuilder()
        .withNewMetadata()
        .withName("streams")
        .withNamespace("default")
        .withUid("uid-of-streams")
        .endMetadata()
        .withNewSpec()
        .endSpec()
        .build();
  }

  private static Container container(String name, String script, boolean stdin) throws Exception {
    var spec =
        new io.fabric8.kubernetes.api.model.ContainerBuilder()
            .withName(name)
            .withImage(TestImages.BUSYBOX)
            .withStdin(stdin)
            .build();
    return Await.result(
        runtime.startContainer(
            sandbox,
            new ContainerConfig(
                pod(),
                spec,
                List.of("sh", "-c", script),
                List.of(),
                Map.of(),
                Map.of(),
                List.of(),
                directory.resolve("logs/" + name + "/0.log"),
                0)));
  }

  /** Collects what a stream brings. */
  private static final class Read {
    private final Buffer all = Buffer.buffer();

    Read(ReadStream<Buffer> stream) {
      stream.handler(
          part -> {
            synchronized (this) {
              all.appendBuffer(part);
            }
          });
      stream.resume();
    }

    synchronized String text() {
      return all.toString();
    }

    void until(String expected) throws Exception {
      Await.until("output with " + expected, this::text, text -> text.contains(expected));
    }
  }
}
