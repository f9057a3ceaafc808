package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.wire.Crossing;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.lab.wire.Mode.Cut.How;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The hub goes away and comes back: nodes go on with what they know, and nobody storms it. */
class OutageTest {
  private static final Duration OUTAGE = Duration.ofSeconds(8);
  private static final int NODES = 3;

  /** After waits of 0.1, 0.2, 0.4, 0.8, 1.6 and 2 seconds, and twice as long at most. */
  private static final long MOST_ATTEMPTS = 8;

  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir, NODES, k -> k.nodeStatusUpdateFrequency(Duration.ofSeconds(2)));
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  private static void assertServes(String app, String pod, String service) {
    for (var node : mesh.mesh().nodes().keySet()) {
      assertThat(mesh.ask(node, service, 80)).as("%s from %s", app, node).contains(app);
    }
    assertThat(mesh.ask("node-1", pod, 8080)).as("pod %s", pod).contains(app);
  }

  /** Makes a pod behind a service, and waits until each node knows it; returns both addresses. */
  private static List<String> serving(String app) throws Exception {
    mesh.echo(app, app);
    var service = mesh.service(app, app);
    mesh.untilPhase(app, "Running");
    for (var node : mesh.mesh().nodes().keySet()) {
      Await.until(
          node + " forwards " + app, () -> mesh.ask(node, service, 80), a -> a.contains(app));
    }
    return List.of(mesh.status(app).path("podIP").asText(), service);
  }

  @Test
  void nodesServeOnWhileTheirWireIsCutAndEachClientTriesAFewTimes() throws Exception {
    var steady = serving("steady");
    var wires =
        List.of(
            mesh.mesh().nodesUplink(),
            mesh.mesh().schedulerUplink(),
            mesh.mesh().controllerManagerUplink());

    var cut = Instant.now();
    for (var wire : wires) {
      Await.result(wire.mode(new Mode.Cut(How.RESET)));
    }
    Await.until(
        "the outage is over",
        () -> {
          assertServes("steady", steady.getFirst(), steady.getLast());
          return Instant.now().isAfter(cut.plus(OUTAGE));
        });
    var attempts = openedSince(cut, wires);
    var healed = Instant.now();
    for (var wire : wires) {
      Await.result(wire.mode(Mode.forward()));
    }

    assertThat(attempts).hasSize(NODES + 2);
    assertThat(attempts)
        .allSatisfy(
            (from, n) ->
                assertThat(n)
                    .as("attempts to connect of %s within %s", from, OUTAGE)
                    .isBetween(4L, clients(from) * MOST_ATTEMPTS));

    mesh.echo("after", "after");
    mesh.untilPhase("after", "Running");
    // One for each client, and one more of each whose attempt was under way when the wire healed.
    assertThat(openedSince(healed, wires))
        .allSatisfy(
            (from, n) ->
                assertThat(n)
                    .as("connections of %s after the outage", from)
                    .isLessThanOrEqualTo(2 * clients(from)));
    assertThat(
            mesh.kubectl()
                .run("get", "events", "-A", "--field-selector", "reason=NodeNotReady")
                .out())
        .isEmpty();
    assertThat(mesh.status("steady").at("/containerStatuses/0/restartCount").asInt()).isZero();
  }

  @Test
  void anApiserverThatComesBackWithItsStoreFindsItsNodesAtWork() throws Exception {
    var before = serving("kept");
    var uid = uid("kept");

    mesh.mesh().apiserver().stop();
    var stopped = Instant.now();
    Await.until(
        "it was away for a while",
        () -> {
          assertServes("kept", before.getFirst(), before.getLast());
          return Instant.now().isAfter(stopped.plusSeconds(3));
        });
    mesh.mesh().apiserver().start();

    // Who is told of changes, goes on being told: all three controllers, a kubelet, a kube-proxy.
    mesh.echo("next", "kept");
    mesh.untilPhase("next", "Running");
    assertThat(uid("kept")).isEqualTo(uid);
    assertThat(mesh.status("kept").at("/containerStatuses/0/restartCount").asInt()).isZero();
    Await.result(
        mesh.mesh()
            .admin()
            .delete(Resource.PODS, TestMesh.NAMESPACE, "kept", DeleteOptions.DEFAULT));
    for (var node : mesh.mesh().nodes().keySet()) {
      Await.until(
          node + " forwards to the pod that is left",
          () -> mesh.ask(node, before.getLast(), 80),
          answer -> answer.contains("\"next\""));
    }
    mesh.mesh().awaitReady(Duration.ofSeconds(30));
  }

  private static String uid(String pod) throws Exception {
    return Await.result(mesh.mesh().admin().get(Resource.PODS.tree(), TestMesh.NAMESPACE, pod))
        .at("/metadata/uid")
        .asText();
  }

  /**
   * A node's are its kubelet's and its kube-proxy's; the scheduler decides and stands for election,
   * the controller manager collects garbage beside that.
   */
  private static long clients(String from) {
    return from.equals(mesh.mesh().addresses().controllerManager()) ? 3 : 2;
  }

  /** Counts the connections that were opened, by where they come from. */
  private static Map<String, Long> openedSince(Instant begin, List<Wire> wires) throws Exception {
    var opened = new TreeMap<String, Long>();
    for (var wire : wires) {
      opened.putAll(
          Await.result(wire.crossings()).stream()
              .filter(crossing -> crossing.opened().isAfter(begin))
              .collect(Collectors.groupingBy(Crossing::from, Collectors.counting())));
    }
    return opened;
  }
}
