package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.Resource;
import io.hubspoke.client.election.LeaderElectionOptions;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The controller manager that leads is a process, and is killed before it can say a word. */
class KilledLeaderTest {
  private static final LeaderElectionOptions ELECTION =
      LeaderElectionOptions.of("kube-controller-manager")
          .withTimes(Duration.ofSeconds(3), Duration.ofSeconds(2), Duration.ofMillis(300));

  /** Between two looks at the lease, and for a machine that is busy. */
  private static final Duration SLACK = Duration.ofSeconds(3);

  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    mesh =
        TestMesh.start(
            dir,
            0,
            Posture.DEFAULT,
            Changes.NONE.withControllerManager(options -> options.withLeaderElection(ELECTION)));
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  private static HubspokeProcess manager() throws Exception {
    var kubeconfig = dir.resolve("other.kubeconfig");
    Kubeconfig.of(
            "mesh",
            Kubeconfig.Cluster.trusting(
                mesh.mesh().addresses().apiserverUrl(), mesh.mesh().authority()),
            "controller-manager",
            Kubeconfig.User.of(mesh.mesh().controllerManagerIdentity()))
        .write(kubeconfig);
    return HubspokeProcess.start(
        dir.resolve("stderr"),
        List.of(
            "controller-manager",
            "--kubeconfig=" + kubeconfig,
            "--secure-port=0",
            "--leader-elect-lease-duration=3s",
            "--leader-elect-renew-deadline=2s",
            "--leader-elect-retry-period=300ms"));
  }

  @Test
  void anotherTakesOverOnceTheLeaseOfAKilledLeaderIsOver() throws Exception {
    var first = Await.until("a leader", KilledLeaderTest::holder, name -> !name.isEmpty());
    try (var process = manager()) {
      // It leads while the mesh's own is cut off, and goes on when that is back.
      Await.result(
          mesh.mesh().controllerManagerUplink().mode(new Mode.Cut(Mode.Cut.How.BLACK_HOLE)));
      var killed =
          Await.until(
              "the process leads",
              KilledLeaderTest::holder,
              name -> !name.isEmpty() && !name.equals(first));
      Await.result(mesh.mesh().controllerManagerUplink().mode(Mode.forward()));
      namespace("before");
      Await.until("it acts", () -> hasAccount("before"));
      assertThat(holder()).isEqualTo(killed);

      process.process().destroyForcibly();
      process.process().waitFor();
      var last = renewed();
      namespace("after");
      Await.until("another leads", () -> !holder().equals(killed));

      // It gave nothing back: the lease had to end.
      var took = Duration.between(last, acquired());
      assertThat(took)
          .isBetween(
              ELECTION.leaseDuration().minus(ELECTION.retryPeriod()),
              ELECTION.leaseDuration().plus(SLACK));
      Await.until("it acts", () -> hasAccount("after"));
    }
  }

  private static ObjectNode lease() throws Exception {
    return Await.result(
        mesh.mesh().admin().get(Resource.LEASES.tree(), "kube-system", "kube-controller-manager"));
  }

  private static String holder() throws Exception {
    try {
      return lease().at("/spec/holderIdentity").asText();
    } catch (ApiException none) {
      return "";
    }
  }

  private static Instant renewed() throws Exception {
    return Instant.parse(lease().at("/spec/renewTime").asText());
  }

  private static Instant acquired() throws Exception {
    return Instant.parse(lease().at("/spec/acquireTime").asText());
  }

  private static void namespace(String name) throws Exception {
    var namespace = Json.object().put("apiVersion", "v1").put("kind", "Namespace");
    namespace.putObject("metadata").put("name", name);
    Await.result(mesh.mesh().admin().create(Resource.NAMESPACES.tree(), "", namespace));
  }

  private static boolean hasAccount(String namespace) throws Exception {
    try {
      return !Await.result(
              mesh.mesh().admin().get(Resource.SERVICE_ACCOUNTS.tree(), namespace, "default"))
          .isEmpty();
    } catch (ApiException none) {
      return false;
    }
  }
}
