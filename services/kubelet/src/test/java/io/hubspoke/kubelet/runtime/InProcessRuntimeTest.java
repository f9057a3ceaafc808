package io.hubspoke.kubelet.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.SandboxConfig;
import io.hubspoke.testing.Await;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InProcessRuntimeTest {
  @TempDir Path directory;

  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void aContainerHasEndedOnlyOnceItsLastLineIsInTheLog() throws Exception {
    // A disk that takes nothing until somebody reads: the write waits in open(2).
    var log = directory.resolve("0.log");
    assertThat(new ProcessBuilder("mkfifo", log.toString()).inheritIO().start().waitFor()).isZero();
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
            .withImage("hubspoke/ticker")
            .endContainer()
            .endSpec()
            .build();
    var runtime = new InProcessRuntime(vertx, "127.0.0.1", 1 << 20);
    var sandbox = Await.result(runtime.runSandbox(new SandboxConfig(pod, directory)));

    var container =
        Await.result(
            runtime.startContainer(
                sandbox,
                new ContainerConfig(
                    pod,
                    pod.getSpec().getContainers().getFirst(),
                    List.of(),
                    List.of("--interval=10ms", "--count=1"),
                    Map.of(),
                    Map.of(),
                    List.of(),
                    log,
                    0)));
    // The ticker has long ended then.
    Promise<Void> later = Promise.promise();
    vertx.setTimer(500, id -> later.complete());
    Await.result(later.future());
    assertThat(container.exited().isComplete()).isFalse();

    assertThat(Files.readString(log)).endsWith("tick 1\n");
    var exit =
        container.exited().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    assertThat(exit.code()).isZero();
  }
}
