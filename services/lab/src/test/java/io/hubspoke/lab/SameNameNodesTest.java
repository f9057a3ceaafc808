package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.Kubelet;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(90)
class SameNameNodesTest {
  private static final Duration LEASE = Duration.ofSeconds(2);

  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir.resolve("mesh"), 3, kubelet -> kubelet.nodeLeaseDuration(LEASE));
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  @Test
  void aNodeThatComesBackWithAnotherKeyWaitsUntilItsRequestIsApproved() throws Exception {
    var before = uid("node-1");
    Await.result(mesh.vertx().undeploy(mesh.mesh().nodes().get("node-1").deployment()));
    var back = comesBack("node-1", 21);
    try {
      var request = held("node-1");
      assertThat(back.ready().isComplete()).isFalse();
      assertThat(conflict(request)).contains("kubectl certificate approve " + name(request));

      var approved = mesh.kubectl().run("certificate", "approve", name(request));

      assertThat(approved.status()).as(approved.toString()).isZero();
      Await.result(back.ready());
      assertThat(uid("node-1")).isEqualTo(before);
    } finally {
      Await.result(mesh.vertx().undeploy(back.deploymentID()));
    }
  }

  @Test
  void aNodeThatComesBackWithAnotherKeyJoinsWhenTheOldOneIsDeleted() throws Exception {
    var before = uid("node-2");
    Await.result(mesh.vertx().undeploy(mesh.mesh().nodes().get("node-2").deployment()));
    var back = comesBack("node-2", 22);
    try {
      held("node-2");
      assertThat(back.ready().isComplete()).isFalse();

      var deleted = mesh.kubectl().run("delete", "node", "node-2");

      assertThat(deleted.status()).as(deleted.toString()).isZero();
      Await.result(back.ready());
      assertThat(uid("node-2")).isNotEqualTo(before);
    } finally {
      Await.result(mesh.vertx().undeploy(back.deploymentID()));
    }
  }

  @Test
  void ofTwoNewcomersOfOneNameAtTheSameInstantOneIsLetIn() throws Exception {
    var one = comesBack("twins", 24);
    var other = comesBack("twins", 25);
    try {
      var request = held("twins");
      assertThat(conflict(request)).contains("kubectl certificate approve " + name(request));
      Await.result(Future.any(one.ready(), other.ready()));
      assertThat(List.of(one.ready().isComplete(), other.ready().isComplete()))
          .containsExactlyInAnyOrder(true, false);
      assertThat(
              Await.result(
                      mesh.mesh()
                          .admin()
                          .list(Resource.CERTIFICATE_SIGNING_REQUESTS.tree(), ListOptions.ALL))
                  .objects()
                  .stream()
                  .filter(
                      asked -> asked.at("/status/conditions/0/type").asText().equals("Approved"))
                  .filter(asked -> commonName(asked).equals("system:node:twins")))
          .hasSize(1);
    } finally {
      Await.result(mesh.vertx().undeploy(one.deploymentID()));
      Await.result(mesh.vertx().undeploy(other.deploymentID()));
    }
  }

  private static String commonName(JsonNode request) {
    var pem = Base64.getDecoder().decode(request.at("/spec/request").asText());
    return Csr.parse(new String(pem, StandardCharsets.US_ASCII)).subject().commonName();
  }

  @Test
  void ofTwoKubeletsWithOneIdentityTheLaterOneStopsAndBothTell() throws Exception {
    var original =
        Kubeconfig.read(mesh.mesh().nodeDirectory("node-3").resolve("kubelet.kubeconfig"));
    var directory = Files.createDirectories(dir.resolve("copy"));
    Kubeconfig.of(
            "c",
            original.cluster(),
            "u",
            Kubeconfig.User.of(original.user().identity().orElseThrow()))
        .write(directory.resolve("kubelet.kubeconfig"));
    var copy = kubelet("node-3", 23, directory, options -> options);

    assertThat(Await.failure(copy.ended()))
        .hasMessageContaining("another kubelet runs with the identity of node \"node-3\"")
        .hasMessageContaining("started later and stops");

    Await.until(
        "the first one tells too",
        () ->
            events("NodeNameConflict").stream().anyMatch(e -> e.contains("was first and goes on")));
    var address = mesh.mesh().nodes().get("node-3").advertises();
    Await.until(
        "the node is the first one's",
        () ->
            Await.result(mesh.mesh().admin().get(Resource.NODES.tree(), "", "node-3"))
                .at("/status/addresses")
                .toString()
                .contains(address));
    assertThat(
            Await.until(
                "no kubelet serves there",
                () -> mesh.vertx().deploymentIDs(),
                ids -> !ids.contains(copy.deploymentID())))
        .isNotEmpty();
  }

  private static Kubelet comesBack(String node, int n) throws Exception {
    var directory = Files.createDirectories(dir.resolve("again-" + node + "-" + n));
    var token = mesh.mesh().createToken(Instant.now().plusSeconds(3600));
    var bootstrap = directory.resolve("bootstrap.kubeconfig");
    Kubeconfig.of("c", mesh.mesh().pointOfView(), "b", Kubeconfig.User.ofToken(token.value()))
        .write(bootstrap);
    return kubelet(node, n, directory, options -> options.bootstrapKubeconfig(bootstrap));
  }

  private static Kubelet kubelet(
      String node, int n, Path directory, UnaryOperator<KubeletOptions.Builder> change)
      throws Exception {
    var kubelet =
        new Kubelet(
            change
                .apply(
                    KubeletOptions.node(node, mesh.mesh().addresses().nodeListens(n), directory)
                        .nodeLeaseDuration(LEASE)
                        .nodeStatusUpdateFrequency(Duration.ofSeconds(1))
                        .podCidr(mesh.mesh().addresses().podCidr(n))
                        .clientCaFile(dir.resolve("mesh/pki/ca.crt"))
                        .anonymousAuth(false))
                .build());
    Await.result(mesh.vertx().deployVerticle(kubelet));
    return kubelet;
  }

  /** Waits for the request of another kubelet for this node's name. */
  private static ObjectNode held(String node) throws Exception {
    return Await.until(
            "a request for " + node + " is held",
            () ->
                Await.result(
                        mesh.mesh()
                            .admin()
                            .list(Resource.CERTIFICATE_SIGNING_REQUESTS.tree(), ListOptions.ALL))
                    .objects()
                    .stream()
                    .filter(request -> conflict(request).contains("\"" + node + "\""))
                    .toList(),
            found -> !found.isEmpty())
        .getFirst();
  }

  private static String conflict(JsonNode request) {
    for (var condition : request.at("/status/conditions")) {
      if (condition.path("type").asText().equals("NodeNameConflict")) {
        return condition.path("message").asText();
      }
    }
    return "";
  }

  private static String name(JsonNode object) {
    return object.at("/metadata/name").asText();
  }

  private static String uid(String node) throws Exception {
    return Await.result(mesh.mesh().admin().get(Resource.NODES.tree(), "", node))
        .at("/metadata/uid")
        .asText();
  }

  private static List<String> events(String reason) throws Exception {
    return Await.result(
            mesh.mesh().admin().list(Resource.EVENTS.tree(), ListOptions.inNamespace("default")))
        .objects()
        .stream()
        .filter(event -> event.path("reason").asText().equals(reason))
        .map(event -> event.path("message").asText())
        .toList();
  }
}
