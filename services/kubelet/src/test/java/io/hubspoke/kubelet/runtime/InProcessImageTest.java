package io.hubspoke.kubelet.runtime;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Container;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import io.hubspoke.kubelet.runtime.ContainerRuntime.SandboxConfig;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that whoever assembles brings to the in-process runtime. */
class InProcessImageTest {
  private static final String NODE = "127.0.0.1";

  @TempDir Path directory;

  private final Vertx vertx = Vertx.vertx();
  private final InProcessImage waiter =
      new InProcessImage("hubspoke/waiter", "/usr/local/bin/waiter", Waiter::new);
  private InProcessRuntime runtime;
  private Path mounted;

  /** Says what it was given, and waits to be told to end. */
  private record Waiter(Program.Surroundings given, Promise<Integer> exit) implements Program {
    Waiter(Program.Surroundings given) {
      this(given, Promise.promise());
    }

    @Override
    public Future<Integer> run() {
      if (given.arguments().contains("--break")) {
        throw new IllegalStateException("it broke");
      }
      given.out("arguments " + given.arguments() + " NODE " + given.config().env().get("NODE"));
      try {
        given.out("file " + Files.readString(given.files().file("/var/lib/waiter/config")));
      } catch (IOException e) {
        given.err(e.getMessage());
      }
      given.out("address " + given.ip() + " shared " + given.sharedIp());
      return exit.future();
    }

    @Override
    public void terminate() {
      given.out("terminated");
      exit.tryComplete(3);
    }

    @Override
    public Future<Void> kill() {
      given.out("killed");
      return given.context().owner().timer(50).mapEmpty();
    }
  }

  @BeforeEach
  void start() throws Exception {
    runtime = new InProcessRuntime(vertx, NODE, 1 << 20, ListenAddresses.SAME, List.of(waiter));
    mounted = Files.createDirectory(directory.resolve("mounted"));
    Files.writeString(mounted.resolve("config"), "from-the-mount");
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void aBroughtImageRunsWithItsArgumentsEnvironmentAndMountsAndEndsWithItsOwnCode()
      throws Exception {
    var container = run(List.of("/usr/local/bin/waiter", "--a=1"), List.of("--b=2"));

    var exit = Await.result(container.stop(Duration.ofSeconds(10)));

    assertThat(exit.code()).isEqualTo(3);
    assertThat(log())
        .contains(
            "arguments [--a=1, --b=2] NODE node-7",
            "file from-the-mount",
            "address 127.0.0.1 shared true",
            "terminated");
  }

  @Test
  void aBroughtImageWithoutACommandIsItsProgramAndWithAnotherTheShells() throws Exception {
    var plain = run(List.of(), List.of("--only"));
    Await.result(plain.stop(Duration.ofSeconds(10)));
    assertThat(log()).contains("arguments [--only] NODE node-7");

    var shell = run(List.of("sh", "-c", "echo from-shell; exit 4"), List.of());
    var exit = shell.exited().toCompletionStage().toCompletableFuture().get(10, SECONDS);
    assertThat(exit.code()).isEqualTo(4);
    assertThat(log()).contains("from-shell");
  }

  @Test
  void aBroughtImageIsAmongTheNodesAndAnotherIsNotFound() throws Exception {
    assertThat(runtime.images()).contains("hubspoke/echo", "hubspoke/waiter");
    Await.result(runtime.pullImage("docker.io/hubspoke/waiter:v1"));
    assertThatThrownBy(() -> Await.result(runtime.pullImage("hubspoke/other")))
        .hasMessageContaining("hubspoke/waiter");
  }

  @Test
  void aProgramThatBreaksAtItsStartEndsItsContainerAndSaysWhy() throws Exception {
    var container = run(List.of(), List.of("--break"));

    var exit = container.exited().toCompletionStage().toCompletableFuture().get(10, SECONDS);

    assertThat(exit.code()).isEqualTo(127);
    assertThat(log()).contains("it broke");
  }

  @Test
  void aRuntimeThatStopsWaitsUntilNothingOfItsProgramsIsLeft() throws Exception {
    var container = run(List.of(), List.of());
    var begun = System.nanoTime();

    Await.result(runtime.stop());

    assertThat(System.nanoTime() - begun).isGreaterThan(50_000_000);
    assertThat(container.exited().isComplete()).isTrue();
    assertThat(log()).contains("killed");
  }

  @Test
  void pathsOfAContainerLeadIntoItsMountsAndNowhereElse() throws Exception {
    Files.writeString(directory.resolve("secret"), "the machine's");
    Files.createSymbolicLink(mounted.resolve("out"), directory.resolve("secret"));
    Files.createSymbolicLink(mounted.resolve("in"), Path.of("config"));
    var inner = Files.createDirectory(directory.resolve("inner"));
    Files.writeString(inner.resolve("token"), "inner");
    var files =
        new MountedFiles(
            List.of(
                new Mount(mounted, "/var/lib/waiter", true),
                new Mount(inner, "/var/lib/waiter/deep/", true)));

    assertThat(files.file("/var/lib/waiter/config")).hasContent("from-the-mount");
    assertThat(files.file("/var/lib/waiter/in")).hasContent("from-the-mount");
    assertThat(files.file("/var/lib/waiter/deep/token")).hasContent("inner");
    assertThat(files.file("/var/lib/waiter")).isDirectory();
    for (var path :
        List.of(
            "/etc/passwd",
            directory.resolve("secret").toString(),
            "/var/lib/waiter/../../../etc/passwd",
            "/var/lib/waiter/missing",
            "/var/lib/waiterconfig")) {
      assertThatThrownBy(() -> files.file(path))
          .isInstanceOf(IOException.class)
          .hasMessage(path + ": No such file or directory");
    }
    assertThatThrownBy(() -> files.file("/var/lib/waiter/out"))
        .hasMessage("/var/lib/waiter/out: Permission denied");
  }

  private Container run(List<String> command, List<String> args) throws Exception {
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace("default")
            .withName("p")
            .withUid("u")
            .endMetadata()
            .withNewSpec()
            .withHostNetwork(true)
            .addNewContainer()
            .withName("c")
            .withImage("hubspoke/waiter:v1")
            .endContainer()
            .endSpec()
            .build();
    var sandbox = Await.result(runtime.runSandbox(new SandboxConfig(pod, directory)));
    return Await.result(
        runtime.startContainer(
            sandbox,
            new ContainerConfig(
                pod,
                pod.getSpec().getContainers().getFirst(),
                command,
                args,
                Map.of("NODE", "node-7"),
                Map.of(),
                List.of(new Mount(mounted, "/var/lib/waiter", true)),
                directory.resolve("0.log"),
                0)));
  }

  private String log() throws IOException {
    return Files.readString(directory.resolve("0.log"));
  }
}
