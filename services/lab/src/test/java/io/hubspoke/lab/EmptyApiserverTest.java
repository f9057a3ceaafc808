package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.ApiException;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.KubeProxyMode;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The apiserver loses all that it kept, and is started again where it was. */
class EmptyApiserverTest {
  private static final int NODES = 2;

  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    var frequent =
        Changes.NONE.withKubelet(k -> k.nodeStatusUpdateFrequency(Duration.ofSeconds(1)));
    // A DaemonSet of kube-proxies would be lost with the rest.
    mesh =
        TestMesh.start(
            new MeshOptions(dir, NODES, Posture.DEFAULT, frequent)
                .with(KubeProxyMode.HOST_PROCESS));
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  @Test
  void anEmptyApiserverGetsItsNodesBackAndWhatItDoesNotKnowEnds() throws Exception {
    mesh.echo("forgotten", "forgotten");
    var service = mesh.service("forgotten", "forgotten");
    mesh.untilPhase("forgotten", "Running");
    var pod = mesh.status("forgotten").path("podIP").asText();
    Await.until("it is forwarded", () -> mesh.ask("node-2", service, 80).contains("forgotten"));

    mesh.mesh().apiserver().stop();
    mesh.mesh().apiserver().forget();
    var stopped = Instant.now();
    Await.until(
        "it was away for a while",
        () -> {
          assertThat(mesh.ask("node-2", service, 80)).contains("forgotten");
          assertThat(mesh.ask("node-1", pod, 8080)).contains("forgotten");
          return Instant.now().isAfter(stopped.plusSeconds(2));
        });
    mesh.mesh().apiserver().start();

    Await.until("all nodes are there again", EmptyApiserverTest::nodes, n -> n == NODES);
    mesh.mesh().awaitReady(Duration.ofSeconds(30));
    Await.until("the pod has ended", () -> mesh.ask("node-1", pod, 8080).isEmpty());
    Await.until("nobody is behind it", () -> mesh.ask("node-2", service, 80).isEmpty());

    Await.until(
        "a pod can be made",
        () -> {
          try {
            mesh.echo("afresh", "afresh");
            return true;
          } catch (ApiException serviceAccountNotYetMade) {
            return false;
          }
        });
    var fresh = mesh.service("afresh", "afresh");
    mesh.untilPhase("afresh", "Running");
    Await.until("it is forwarded", () -> mesh.ask("node-1", fresh, 80).contains("afresh"));
  }

  private static int nodes() throws Exception {
    return Await.result(mesh.mesh().admin().list(Resource.NODES, ListOptions.ALL)).items().size();
  }
}
