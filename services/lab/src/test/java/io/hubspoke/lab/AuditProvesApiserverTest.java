package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.BootstrapRoute;
import io.hubspoke.lab.audit.ControlPlaneRoute;
import io.hubspoke.lab.audit.InClusterRoute;
import io.hubspoke.lab.audit.KubeProxyRoute;
import io.hubspoke.lab.audit.NodeRoute;
import io.hubspoke.lab.audit.Property;
import io.hubspoke.lab.audit.ProxyRoute;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.lab.audit.TokensRoute;
import io.hubspoke.lab.audit.WebhookRoute;
import io.hubspoke.runtime.Component;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A protection of the apiserver is broken on purpose, and the rows that vouch for it must fail. */
@Timeout(240)
class AuditProvesApiserverTest {
  private static final Resource<ObjectNode> BINDINGS =
      Resource.cluster("rbac.authorization.k8s.io", "v1", "clusterrolebindings", Object.class)
          .tree();

  @Test
  void anApiserverThatVerifiesNoKubeletFailsTheVerifiedRows() throws Exception {
    var lax =
        Changes.NONE.withApiserver(
            options -> options.with(options.kubelet().withCertificateAuthority(null)));
    for (var row : BrokenMesh.measure(lax, BrokenMesh.toKubelets(Posture.VERIFIED))) {
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
    for (var row : BrokenMesh.measure(lax, byTheApiserver())) {
      assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    }
  }

  @Test
  void anApiserverWithoutNodeRestrictionFailsTheNodesRow() throws Exception {
    var lax = Changes.NONE.withApiserver(options -> options.withAdmissionPlugins(List.of()));
    var row = BrokenMesh.measure(lax, List.of(new NodeRoute())).getFirst();
    assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.REACHABLE)).as(row.toString()).isTrue();
  }

  @Test
  void anApiserverThatLetsAnonymousRequestsInFailsEveryAuthenticatedCell() throws Exception {
    var lax =
        Changes.NONE.withApiserver(options -> options.with(options.authn().withAnonymous(true)));
    for (var row : BrokenMesh.measure(lax, byTheApiserver())) {
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
    var row = BrokenMesh.measure(lax, List.of(new TokensRoute())).getFirst();
    assertThat(row.asExpected(Property.CLIENT_AUTHENTICATED)).as(row.toString()).isFalse();
    assertThat(row.asExpected(Property.AUTHORIZED)).as(row.toString()).isTrue();
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
}
