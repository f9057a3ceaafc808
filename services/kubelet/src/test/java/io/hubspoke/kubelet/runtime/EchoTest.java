package io.hubspoke.kubelet.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.SandboxConfig;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EchoTest {
  private static final String NODE = "127.30.7.1";
  private static final String NODE_LISTENS = "127.0.0.1";

  @TempDir private Path directory;
  private final Vertx vertx = Vertx.vertx();
  private final List<ContainerRuntime.Container> running = new ArrayList<>();
  private int port;

  @BeforeEach
  void freePort() throws IOException {
    port = FreePort.at(NODE_LISTENS);
  }

  @AfterEach
  void stop() throws Exception {
    for (var container : running) {
      Await.result(container.stop(Duration.ofSeconds(1)));
    }
    Await.result(vertx.close());
  }

  @Test
  void withTlsItTellsWhoseCertificateItsClientShowed() throws Exception {
    start(new InProcessRuntime(vertx, NODE_LISTENS, 1 << 20), true, "--tls");
    var keys =
        new ReloadableKeys(
            CertificateAuthority.create("ca", Duration.ofHours(1))
                .issueClient("somebody", List.of(), Duration.ofHours(1)));

    assertThat(get("https://127.0.0.1", keys).path("clientCertificate").asText())
        .isEqualTo("CN=somebody");
    assertThat(get("https://127.0.0.1", new ReloadableKeys()).path("clientCertificate").asText())
        .isEmpty();
  }

  @Test
  void podsListenInTheSamePlaceOfTheRangeThatTheyAreMovedTo() throws Exception {
    var moved = ListenAddresses.in("127.31.7.0/24", NODE, NODE_LISTENS);
    var runtime = new InProcessRuntime(vertx, NODE, 1 << 20, moved, List.of());
    runtime.updatePodCidr("127.29.7.0/24");

    assertThat(start(runtime, false)).isEqualTo("127.29.7.2");

    assertThat(get("http://127.31.7.2", null).path("pod").asText()).isEqualTo("p");
  }

  @Test
  void podsOnTheHostsNetworkAreMovedToWhereTheNodeListens() throws Exception {
    var moved = ListenAddresses.in("127.31.7.0/24", NODE, NODE_LISTENS);

    assertThat(start(new InProcessRuntime(vertx, NODE, 1 << 20, moved, List.of()), true))
        .isEqualTo(NODE);

    assertThat(get("http://" + NODE_LISTENS, null).path("pod").asText()).isEqualTo("p");
  }

  /** Starts an echo and returns its pod's address. */
  private String start(InProcessRuntime runtime, boolean hostNetwork, String... arguments)
      throws Exception {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace("default")
            .withName("p")
            .withUid("u")
            .endMetadata()
            .withNewSpec()
            .withHostNetwork(hostNetwork)
            .addNewContainer()
            .withName("c")
            .withImage("hubspoke/echo")
            .endContainer()
            .endSpec()
            .build();
    var args = new ArrayList<>(List.of(arguments));
    args.add("--port=" + port);
    var sandbox = Await.result(runtime.runSandbox(new SandboxConfig(pod, directory)));
    running.add(
        Await.result(
            runtime.startContainer(
                sandbox,
                new ContainerConfig(
                    pod,
                    pod.getSpec().getContainers().getFirst(),
                    List.of(),
                    args,
                    Map.of(),
                    Map.of(),
                    List.of(),
                    directory.resolve("0.log"),
                    0))));
    return sandbox.ip();
  }

  private JsonNode get(String url, ReloadableKeys keys) throws Exception {
    var tls = SSLContext.getInstance("TLS");
    tls.init(new KeyManager[] {keys}, new TrustManager[] {Tls.trustAny(List.of())}, null);
    try (var client = HttpClient.newBuilder().sslContext(tls).build()) {
      var request = HttpRequest.newBuilder(URI.create(url + ":" + port + "/")).build();
      var answer =
          Await.until(
              "an answer",
              () -> {
                try {
                  return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
                } catch (IOException notYet) {
                  return null;
                }
              },
              got -> got != null);
      return Json.parse(answer.body());
    }
  }
}
