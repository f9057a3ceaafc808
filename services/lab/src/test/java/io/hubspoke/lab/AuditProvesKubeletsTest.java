package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.BootstrapRoute;
import io.hubspoke.lab.audit.InClusterRoute;
import io.hubspoke.lab.audit.KubeProxyRoute;
import io.hubspoke.lab.audit.NodeRoute;
import io.hubspoke.lab.audit.Property;
import io.hubspoke.lab.audit.RotationRoute;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.lab.audit.RunRoute;
import io.hubspoke.lab.audit.TokensRoute;
import io.hubspoke.lab.audit.WebhookRoute;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A protection of kubelets is broken on purpose, and the rows that vouch for it must fail. */
@Timeout(240)
class AuditProvesKubeletsTest {
  private static final Resource<ObjectNode> DAEMON_SETS =
      Resource.namespaced("apps", "v1", "daemonsets", ObjectNode.class);

  @Test
  void kubeletsThatDoNotVerifyTheApiserverFailTheirRows() throws Exception {
    var careless =
        Changes.NONE.withNodeCluster(
            cluster -> new Kubeconfig.Cluster(cluster.server(), null, null, null, true));
    for (var row :
        BrokenMesh.measure(
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
  void kubeletsThatLetAnyoneInFailTheirRows() throws Exception {
    var open =
        Changes.NONE.withKubelet(
            kubelet ->
                kubelet.anonymousAuth(true).authorizationMode(AuthorizationMode.ALWAYS_ALLOW));
    var routes = new ArrayList<>(BrokenMesh.toKubelets(Posture.DEFAULT));
    routes.add(new RunRoute(Posture.DEFAULT));
    for (var row : BrokenMesh.measure(open, routes)) {
      assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
      assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    }
  }

  @Test
  void aKubeletThatAllowsEverythingFailsTheClosedRowByItsRightsAlone() throws Exception {
    var lax =
        Changes.NONE.withKubelet(
            kubelet -> kubelet.authorizationMode(AuthorizationMode.ALWAYS_ALLOW));
    for (var row :
        BrokenMesh.measure(lax, List.of(new RunRoute(Posture.DEFAULT), new WebhookRoute()))) {
      assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isTrue();
      assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    }
  }

  @Test
  void aKubeletThatAsksNobodyAboutTokensFailsTheRowOfItsReviews() throws Exception {
    var deaf =
        Changes.NONE.withKubelet(kubelet -> kubelet.server(server -> server.tokenWebhook(false)));
    var row = BrokenMesh.measure(deaf, List.of(new WebhookRoute())).getFirst();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isFalse();
  }

  @Test
  void kubeletsThatAreNotOpenFailTheOpenRow() throws Exception {
    var closed =
        Changes.NONE.withKubelet(
            kubelet -> kubelet.anonymousAuth(false).authorizationMode(AuthorizationMode.WEBHOOK));
    var row = BrokenMesh.measure(closed, List.of(new RunRoute(Posture.OPEN))).getFirst();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
  }

  @Test
  void kubeletsThatDoNotRenewTheirCertificatesFailTheRotation() throws Exception {
    var lax = Changes.NONE.withKubelet(kubelet -> kubelet.rotateCertificates(false));
    var row = BrokenMesh.measure(lax, List.of(new RotationRoute())).getFirst();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
    assertThat(row.failure()).as(row.toString()).isEmpty();
  }

  @Test
  void podsThatDoNotVerifyTheApiserverFailTheirRow() throws Exception {
    var careless = Changes.NONE.withPods(client -> client.withInsecureSkipTlsVerify());
    var row = BrokenMesh.measure(careless, List.of(new InClusterRoute())).getFirst();
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
}
