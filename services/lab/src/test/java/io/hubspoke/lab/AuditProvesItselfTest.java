package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.client.election.LeaderElectionOptions;
import io.hubspoke.client.serving.SecureServing;
import io.hubspoke.controllermanager.ControllerManager;
import io.hubspoke.controllermanager.ControllerManagerOptions;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.ControlPlaneRoute;
import io.hubspoke.lab.audit.HubOnlyRoute;
import io.hubspoke.lab.audit.InClusterRoute;
import io.hubspoke.lab.audit.NodeRoute;
import io.hubspoke.lab.audit.Property;
import io.hubspoke.lab.audit.ProxyRoute;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.lab.audit.WebhookRoute;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Nothing is broken, and every row is as it should be; or who calls whom is, and paths must fail.
 */
@Timeout(240)
class AuditProvesItselfTest {
  @Test
  void everyRowIsAsTheDocumentsSayWhenNothingIsBroken() throws Exception {
    // Those of tunnels are measured beside this class.
    var routes =
        Audit.routes().stream().filter(route -> route.mesh().egress() == Egress.DIRECT).toList();
    assertThat(BrokenMesh.measure(Changes.NONE, routes))
        .allSatisfy(row -> assertThat(row.asExpected()).as(row.toString()).isTrue());
  }

  @Test
  void controlPlaneClientsThatDoNotVerifyTheApiserverFailTheirRow() throws Exception {
    var careless = Changes.NONE.withControlPlane(client -> client.withInsecureSkipTlsVerify());
    var row = BrokenMesh.measure(careless, List.of(new ControlPlaneRoute())).getFirst();
    assertThat(row.asExpected(Property.SERVER_VERIFIED)).as(row.toString()).isFalse();
  }

  @Test
  void anApiserverThatCallsFromElsewhereFailsThePath() throws Exception {
    var elsewhere =
        Changes.NONE.withApiserver(
            options -> options.with(options.kubelet().withLocalAddress("127.0.0.1")));
    var routes = new ArrayList<>(BrokenMesh.toKubelets(Posture.DEFAULT));
    routes.addAll(ProxyRoute.all());
    for (var row : BrokenMesh.measure(elsewhere, routes)) {
      assertThat(row.asExpected(Property.PATH)).as(row.toString()).isFalse();
    }
  }

  @Test
  void aControllerManagerThatServesNodesFailsTheScan() throws Exception {
    var scan = List.<Route>of(new HubOnlyRoute());
    var lab = Postures.start(1, scan, step -> {});
    try {
      var mesh = lab.meshes().get(Posture.DEFAULT);
      // Its own address, and all addresses as the real one has it by default.
      var careless = new ArrayList<ControllerManager>();
      for (var bind : List.of(mesh.addresses().controllerManager(), "0.0.0.0")) {
        var manager =
            new ControllerManager(
                ControllerManagerOptions.of(mesh.admin().config())
                    .withLeaderElection(LeaderElectionOptions.of("careless"))
                    .withServing(SecureServing.onLoopback(mesh.admin().config()).at(bind, 0)));
        Component.await(mesh.vertx().deployVerticle(manager));
        careless.add(manager);
      }
      var row = new Audit(lab.meshes(), step -> {}).run(scan).getFirst();
      assertThat(row.asExpected(Property.PATH)).as(row.toString()).isFalse();
      assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isTrue();
      var address = mesh.addresses().controllerManager();
      for (var manager : careless) {
        assertThat(row.verdicts().get(Property.PATH).evidence().path("more").toString())
            .contains(address + ":" + manager.port() + " (200 ok)");
      }
    } finally {
      lab.stop();
    }
  }

  @Test
  void aControlPlaneThatCallsNodesFailsThePathOfWhatNodesOpen() throws Exception {
    var routes = List.<Route>of(new NodeRoute(), new WebhookRoute(), new InClusterRoute());
    var lab = Postures.start(2, routes, step -> {});
    var measured = new AtomicBoolean();
    try {
      var mesh = lab.meshes().get(Posture.DEFAULT);
      var caller = Thread.ofVirtual().start(() -> callUntil(measured, mesh));
      var rows = new Audit(lab.meshes(), step -> {}).run(routes);
      measured.set(true);
      caller.join();
      assertThat(rows)
          .allSatisfy(
              row -> assertThat(row.asExpected(Property.PATH)).as(row.toString()).isFalse());
    } finally {
      measured.set(true);
      lab.stop();
    }
  }

  private static void callUntil(AtomicBoolean measured, Mesh mesh) {
    var scheduler = InetAddress.ofLiteral(mesh.addresses().scheduler());
    var node = InetAddress.ofLiteral(mesh.nodes().get("node-1").advertises());
    while (!measured.get()) {
      try (var socket = new Socket(node, Addresses.KUBELET_PORT, scheduler, 0)) {
        // What is watched may last a few milliseconds.
        socket.setSoTimeout(1);
        assertThat(socket.getInputStream().read()).isNegative();
      } catch (IOException quiet) {
        // A kubelet says nothing before its client does.
      }
    }
  }
}
