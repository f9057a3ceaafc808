package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.AddressRange;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.konnectivity.server.AgentListenerOptions;
import io.hubspoke.konnectivity.server.KonnectivityServerOptions;
import io.hubspoke.konnectivity.server.ServingFiles;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.AgentRoute;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.LogsRoute;
import io.hubspoke.lab.audit.Property;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.lab.audit.Row;
import io.hubspoke.lab.audit.TunnelRoute;
import io.hubspoke.sshd.SshdOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Protections of tunnels are broken on purpose, and the rows that vouch for them must fail. */
@Timeout(240)
class AuditProvesTunnelsTest {
  @Test
  void everyRowOfTunnelsIsAsTheDocumentsSayWhenNothingIsBroken() throws Exception {
    var routes =
        Audit.routes().stream().filter(route -> route.mesh().egress() != Egress.DIRECT).toList();
    assertThat(measure(TunnelChanges.NONE, routes))
        .hasSizeGreaterThan(30)
        .allSatisfy(row -> assertThat(row.asExpected()).as(row.toString()).isTrue());
  }

  @Test
  void anInterceptorThatHasTheKeysOfTheFarEndIsBelieved() throws Exception {
    var routes = new ArrayList<Route>();
    for (var egress : List.of(Egress.SSH, Egress.KONNECTIVITY_HTTP_CONNECT)) {
      routes.add(new TunnelRoute(egress));
      routes.add(new LogsRoute(new Meshes.Kind(Posture.DEFAULT, egress)));
    }
    routes.add(AgentRoute.withCertificate());
    for (var row : measure(TunnelChanges.NONE.withKeysLeaked(), routes)) {
      assertThat(row.asExpected(Property.SERVER_VERIFIED)).as(row.toString()).isFalse();
      assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SSH", "KONNECTIVITY_GRPC"})
  void anApiserverThatGoesPastItsTunnelFailsTheTunnelsRow(Egress egress) throws Exception {
    var past = Changes.NONE.withApiserver(options -> options.with(EgressOptions.NONE));
    var row = BrokenMesh.measure(past, List.of(new TunnelRoute(egress))).getFirst();
    assertThat(row.asExpected(Property.PATH)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isFalse();
  }

  @Test
  void aServerThatTakesAnybodyForAnAgentFailsTheAgentsRow() throws Exception {
    var open =
        TunnelChanges.NONE.withServer(
            options -> withAgents(options, with(options.agents().files(), null)));
    for (var route : List.of(AgentRoute.withToken(), AgentRoute.withCertificate())) {
      var row = measure(open, List.of(route)).getFirst();
      assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
      assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
      assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isTrue();
    }
  }

  @Test
  void aServerThatTakesEverybodyOfTheClusterForAnAgentFailsItsRightsAlone() throws Exception {
    var lax =
        TunnelChanges.NONE.withServer(
            options -> {
              var files = options.agents().files();
              return withAgents(options, with(files, withCluster(files.clientCa())));
            });
    var row = measure(lax, List.of(AgentRoute.withCertificate())).getFirst();
    assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isTrue();
  }

  private static ServingFiles with(ServingFiles files, Path clientCa) {
    return new ServingFiles(files.cert(), files.key(), clientCa);
  }

  private static KonnectivityServerOptions withAgents(
      KonnectivityServerOptions options, ServingFiles files) {
    return new KonnectivityServerOptions(
        options.serverId(),
        options.serverCount(),
        options.strategies(),
        options.frontend(),
        new AgentListenerOptions(options.agents().address(), files),
        options.apiserver(),
        options.leases(),
        options.health(),
        options.admin(),
        options.grace());
  }

  /** Both authorities in one file. */
  private static Path withCluster(Path agents) {
    try {
      var both = agents.resolveSibling("both.crt");
      return Files.writeString(
          both, Files.readString(agents) + Files.readString(agents.resolveSibling("ca.crt")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void anSshServerThatForwardsAnywhereFailsTheTunnelsRights() throws Exception {
    var everywhere =
        TunnelChanges.NONE.withSshd(
            options ->
                new SshdOptions(
                    options.listenAddress(),
                    options.port(),
                    options.user(),
                    options.authorizedKeysFile(),
                    options.hostKeyFiles(),
                    List.of(AddressRange.parse("127.0.0.0/8")),
                    options.sourceAddress(),
                    options.limits()));
    var row = measure(everywhere, List.of(new TunnelRoute(Egress.SSH))).getFirst();
    assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isTrue();
  }

  @Test
  void aSocketThatOthersMayDialFailsTheTunnel() throws Exception {
    var routes = List.<Route>of(new TunnelRoute(Egress.KONNECTIVITY_GRPC));
    var lab = Postures.start(1, routes, step -> {});
    try {
      var mesh = lab.meshes().get(new Meshes.Kind(Posture.DEFAULT, Egress.KONNECTIVITY_GRPC));
      var socket = ((KonnectivityTunnels) mesh.tunnels()).socket().orElseThrow();
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
      var row = new Audit(lab.meshes(), step -> {}).run(routes).getFirst();
      assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
    } finally {
      lab.stop();
    }
  }

  private static List<Row> measure(TunnelChanges changes, List<Route> routes) throws Exception {
    return BrokenMesh.measure(Changes.NONE.with(changes), routes);
  }
}
