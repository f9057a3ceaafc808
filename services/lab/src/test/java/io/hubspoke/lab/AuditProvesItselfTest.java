package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.client.election.LeaderElectionOptions;
import io.hubspoke.client.serving.SecureServing;
import io.hubspoke.controllermanager.ControllerManager;
import io.hubspoke.controllermanager.ControllerManagerOptions;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.BootstrapRoute;
import io.hubspoke.lab.audit.ControlPlaneRoute;
import io.hubspoke.lab.audit.ExecRoute;
import io.hubspoke.lab.audit.HubOnlyRoute;
import io.hubspoke.lab.audit.InClusterRoute;
import io.hubspoke.lab.audit.KubeProxyRoute;
import io.hubspoke.lab.audit.LogsRoute;
import io.hubspoke.lab.audit.NodeProxyRoute;
import io.hubspoke.lab.audit.NodeRoute;
import io.hubspoke.lab.audit.PortForwardRoute;
import io.hubspoke.lab.audit.Property;
import io.hubspoke.lab.audit.ProxyRoute;
import io.hubspoke.lab.audit.RotationRoute;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.lab.audit.Row;
import io.hubspoke.lab.audit.RunRoute;
import io.hubspoke.lab.audit.TokensRoute;
import io.hubspoke.lab.audit.WebhookRoute;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each protection is broken on purpose, and the row that vouches for it must fail. */
@Timeout(240)
class AuditProvesItselfTest {
  private static final Resource<ObjectNode> DAEMON_SETS =
      Resource.namespaced("apps", "v1", "daemonsets", ObjectNode.class);
  private static final Resource<ObjectNode> BINDINGS =
      Resource.cluster("rbac.authorization.k8s.io", "v1", "clusterrolebindings", Object.class)
          .tree();

  @Test
  void everyRowIsAsTheDocumentsSayWhenNothingIsBroken() throws Exception {
    assertThat(measure(Changes.NONE, Audit.routes()))
        .allSatisfy(row -> assertThat(row.asExpected()).as(row.toString()).isTrue());
  }

  @Test
  void kubeletsThatDoNotVerifyTheApiserverFailTheirRows() throws Exception {
    var careless =
        Changes.NONE.withNodeCluster(
            cluster -> new Kubeconfig.Cluster(cluster.server(), null, null, null, true));
    for (var row :
        measure(
            careless,
            List.of(
                new BootstrapRoute(),
                new NodeRoute(),
                new TokensRoute(),
                new WebhookRoute(),
                KubeProxyRoute.inPod(),
                KubeProxyRoute.onHost()))) {
      assertThat(row.asExpected(Property.SERVER_VERIFIED)).as(row.toString()).isFalse();
    }
  }

  @Test
  void podsThatDoNotVerifyTheApiserverFailTheirRow() throws Exception {
    var careless = Changes.NONE.withPods(client -> client.withInsecureSkipTlsVerify());
    var row = measure(careless, List.of(new InClusterRoute())).getFirst();
    assertThat(row.asExpected(Property.SERVER_VERIFIED)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isTrue();
  }

  @Test
  void withoutItsKubeProxyANodesPodsReachNothing() throws Exception {
    var routes = List.<Route>of(new InClusterRoute());
    var lab = Postures.start(1, routes, step -> {});
    try {
      var admin = lab.meshes().get(Posture.DEFAULT).admin();
      Component.await(
          admin.delete(DAEMON_SETS, "kube-system", "kube-proxy", DeleteOptions.DEFAULT));
      // The collector takes the pods along when it hears of it.
      Await.until(
          "no kube-proxy",
          () ->
              Await.result(
                      admin.list(Resource.PODS.metadata(), ListOptions.inNamespace("kube-system")))
                  .items()
                  .isEmpty());
      var row = new Audit(lab.meshes(), step -> {}).run(routes).getFirst();
      assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isFalse();
    } finally {
      lab.stop();
    }
  }

  @Test
  void controlPlaneClientsThatDoNotVerifyTheApiserverFailTheirRow() throws Exception {
    var careless = Changes.NONE.withControlPlane(client -> client.withInsecureSkipTlsVerify());
    var row = measure(careless, List.of(new ControlPlaneRoute())).getFirst();
    assertThat(row.asExpected(Property.SERVER_VERIFIED)).as(row.toString()).isFalse();
  }

  /** The rows whose far end is a kubelet. */
  private static List<Route> toKubelets(Posture posture) {
    return List.of(
        new LogsRoute(posture),
        new ExecRoute(posture),
        new PortForwardRoute(posture),
        new NodeProxyRoute(posture));
  }

  @Test
  void kubeletsThatLetAnyoneInFailTheirRows() throws Exception {
    var open =
        Changes.NONE.withKubelet(
            kubelet ->
                kubelet.anonymousAuth(true).authorizationMode(AuthorizationMode.ALWAYS_ALLOW));
    var routes = new ArrayList<>(toKubelets(Posture.DEFAULT));
    routes.add(new RunRoute(Posture.DEFAULT));
    for (var row : measure(open, routes)) {
      assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
      assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    }
  }

  @Test
  void aKubeletThatAllowsEverythingFailsTheClosedRowByItsRightsAlone() throws Exception {
    var lax =
        Changes.NONE.withKubelet(
            kubelet -> kubelet.authorizationMode(AuthorizationMode.ALWAYS_ALLOW));
    for (var row : measure(lax, List.of(new RunRoute(Posture.DEFAULT), new WebhookRoute()))) {
      assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isTrue();
      assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    }
  }

  @Test
  void aKubeletThatAsksNobodyAboutTokensFailsTheRowOfItsReviews() throws Exception {
    var deaf =
        Changes.NONE.withKubelet(kubelet -> kubelet.server(server -> server.tokenWebhook(false)));
    var row = measure(deaf, List.of(new WebhookRoute())).getFirst();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isFalse();
  }

  @Test
  void kubeletsThatAreNotOpenFailTheOpenRow() throws Exception {
    var closed =
        Changes.NONE.withKubelet(
            kubelet -> kubelet.anonymousAuth(false).authorizationMode(AuthorizationMode.WEBHOOK));
    var row = measure(closed, List.of(new RunRoute(Posture.OPEN))).getFirst();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
  }

  @Test
  void anApiserverThatVerifiesNoKubeletFailsTheVerifiedRows() throws Exception {
    var lax =
        Changes.NONE.withApiserver(
            options -> options.with(options.kubelet().withCertificateAuthority(null)));
    for (var row : measure(lax, toKubelets(Posture.VERIFIED))) {
      assertThat(row.asExpected(Property.SERVER_VERIFIED)).as(row.toString()).isFalse();
    }
  }

  /** The rows in which the apiserver says who may do what. */
  private static List<Route> byTheApiserver() {
    var routes =
        new ArrayList<Route>(
            List.of(
                new BootstrapRoute(),
                new NodeRoute(),
                new ControlPlaneRoute(),
                new TokensRoute(),
                new WebhookRoute(),
                new InClusterRoute(),
                KubeProxyRoute.inPod(),
                KubeProxyRoute.onHost()));
    routes.addAll(ProxyRoute.all());
    return routes;
  }

  @Test
  void anApiserverThatAllowsEverythingFailsEveryAuthorizedCell() throws Exception {
    var lax =
        Changes.NONE.withApiserver(
            options -> options.withAuthorizationModes(List.of("AlwaysAllow")));
    for (var row : measure(lax, byTheApiserver())) {
      assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    }
  }

  @Test
  void anApiserverWithoutNodeRestrictionFailsTheNodesRow() throws Exception {
    var lax = Changes.NONE.withApiserver(options -> options.withAdmissionPlugins(List.of()));
    var row = measure(lax, List.of(new NodeRoute())).getFirst();
    assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isTrue();
  }

  @Test
  void anApiserverThatLetsAnonymousRequestsInFailsEveryAuthenticatedCell() throws Exception {
    var lax =
        Changes.NONE.withApiserver(options -> options.with(options.authn().withAnonymous(true)));
    for (var row : measure(lax, byTheApiserver())) {
      // Whoever asks for a page has to say who he is at the apiserver, which is its row's authz.
      var property = row.id().startsWith("N") ? Property.CLIENT_AUTHENTICATED : Property.AUTHORIZED;
      assertThat(row.asExpected(property)).as(row.toString()).isFalse();
    }
  }

  @Test
  void anApiserverThatAcceptsTokensForOthersFailsTheTokensRow() throws Exception {
    var lax =
        Changes.NONE.withApiserver(
            options -> {
              var accounts = options.authn().serviceAccounts();
              return options.with(
                  options
                      .authn()
                      .with(
                          accounts.withApiAudiences(
                              List.of(accounts.issuers().getFirst(), "audit"))));
            });
    var row = measure(lax, List.of(new TokensRoute())).getFirst();
    assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isTrue();
  }

  @Test
  void anApiserverThatCallsFromElsewhereFailsThePath() throws Exception {
    var elsewhere =
        Changes.NONE.withApiserver(
            options -> options.with(options.kubelet().withLocalAddress("127.0.0.1")));
    var routes = new ArrayList<>(toKubelets(Posture.DEFAULT));
    routes.addAll(ProxyRoute.all());
    for (var row : measure(elsewhere, routes)) {
      assertThat(row.asExpected(Property.PATH)).as(row.toString()).isFalse();
    }
  }

  @Test
  void rolesThatWereWidenedFailTheirRow() throws Exception {
    var node = new NodeRoute();
    var bootstrap = new BootstrapRoute();
    var proxy = KubeProxyRoute.inPod();
    var lab = Postures.start(2, List.of(node, bootstrap, proxy), step -> {});
    try {
      var mesh = lab.meshes().get(Posture.DEFAULT);
      widen(mesh, "system:nodes");
      assertUnauthorizedWork(lab, node);
      Component.await(mesh.admin().delete(BINDINGS, "", "widened", DeleteOptions.DEFAULT));
      widen(mesh, "system:bootstrappers");
      assertUnauthorizedWork(lab, bootstrap);
      Component.await(mesh.admin().delete(BINDINGS, "", "widened", DeleteOptions.DEFAULT));
      widen(mesh, "system:serviceaccounts:kube-system");
      assertUnauthorizedWork(lab, proxy);
    } finally {
      lab.stop();
    }
  }

  @Test
  void nodesThatGetCertificatesOfOthersFailTheBootstrap() throws Exception {
    // NodeRestriction and the approver each refuse it: only without both is one signed.
    var bootstrap = new BootstrapRoute();
    var lab =
        Postures.start(
            2,
            List.of(bootstrap),
            Changes.NONE.withApiserver(options -> options.withAdmissionPlugins(List.of())),
            step -> {});
    try {
      widen(lab.meshes().get(Posture.DEFAULT), "system:nodes");
      assertUnauthorizedWork(lab, bootstrap);
    } finally {
      lab.stop();
    }
  }

  @Test
  void kubeletsThatDoNotRenewTheirCertificatesFailTheRotation() throws Exception {
    var lax = Changes.NONE.withKubelet(kubelet -> kubelet.rotateCertificates(false));
    var row = measure(lax, List.of(new RotationRoute())).getFirst();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
    assertThat(row.failure()).as(row.toString()).isEmpty();
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

  private static void assertUnauthorizedWork(Postures lab, Route route) throws Exception {
    for (var row : new Audit(lab.meshes(), step -> {}).run(List.of(route))) {
      assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    }
  }

  /** Lets a group do everything. */
  private static void widen(Mesh mesh, String group) throws Exception {
    var binding =
        """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding",
         "metadata":{"name":"widened"},
         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",
                    "name":"cluster-admin"},
         "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"%s"}]}"""
            .formatted(group);
    Component.await(
        mesh.admin()
            .create(BINDINGS, "", Json.parseObject(binding.getBytes(StandardCharsets.UTF_8))));
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

  private static List<Row> measure(Changes changes, List<Route> routes) throws Exception {
    var lab = Postures.start(2, routes, changes, step -> {});
    try {
      return new Audit(lab.meshes(), step -> {}).run(routes);
    } finally {
      lab.stop();
    }
  }
}
