package io.hubspoke.lab.controlplane;

import static io.hubspoke.lab.controlplane.ControlPlane.NODES;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.roles.ClusterRoleAggregationController;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.pki.Pem;
import io.hubspoke.testing.Await;
import io.hubspoke.tokens.DetachedSignature;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControllersTest {
  private static ControlPlane plane;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    plane = new ControlPlane(dir, Duration.ofSeconds(1));
  }

  @AfterAll
  static void stop() throws Exception {
    plane.close();
  }

  @Test
  void marksASilentNodeUnknownAndTakesTheTaintsOffWhenItReportsAgain() throws Exception {
    plane.node("quiet");
    Await.until("the node is unknown", () -> ready("quiet").equals("Unknown"));
    Await.until(
        "its taints",
        () ->
            taints("quiet")
                .containsAll(
                    List.of(
                        "node.kubernetes.io/unreachable:NoSchedule",
                        "node.kubernetes.io/unreachable:NoExecute")));

    var report =
        ControlPlane.json(
            """
            {"status": {"conditions": [{"type": "Ready", "status": "True",
              "lastHeartbeatTime": "2026-01-02T00:00:00Z"}]}}
            """);
    Await.result(plane.admin.patchStatus(NODES, "", "quiet", PatchType.STRATEGIC_MERGE, report));
    Await.until("no taints", () -> taints("quiet").isEmpty());
  }

  @Test
  void aNodeWhoseClockIsHoursOffIsAliveAsLongAsItRenewsItsLease() throws Exception {
    var begun = System.nanoTime();
    for (var node : List.of("early", "late")) {
      plane.node(node);
    }
    Await.until(
        "longer than a node may be silent",
        () -> {
          plane.renewLease("early", Instant.now().plus(Duration.ofHours(2)));
          plane.renewLease("late", Instant.now().minus(Duration.ofHours(2)));
          assertThat(List.of(ready("early"), ready("late"))).containsOnly("True");
          return System.nanoTime() - begun > Duration.ofSeconds(3).toNanos();
        });
    // What it wrote is hours ahead, and yet it is lost when nothing more comes.
    Await.until("the node is unknown", () -> ready("early").equals("Unknown"));
  }

  @Test
  void losesNoNodeByHavingBeenDeafItself() throws Exception {
    plane.node("steady");
    plane.renewLease("steady");
    Await.result(plane.controllersUplink.mode(new Mode.Cut(Mode.Cut.How.RESET)));
    var cut = System.nanoTime();
    Await.until(
        "longer than a node may be silent",
        () -> {
          plane.renewLease("steady");
          return System.nanoTime() - cut > Duration.ofSeconds(3).toNanos();
        });
    Await.result(plane.controllersUplink.mode(Mode.forward()));
    var restored = System.nanoTime();
    Await.until(
        "it has heard again",
        () -> {
          plane.renewLease("steady");
          assertThat(ready("steady")).isEqualTo("True");
          return System.nanoTime() - restored > Duration.ofSeconds(4).toNanos();
        });
  }

  @Test
  void furnishesEveryNamespaceAndEmptiesItBeforeItGoes() throws Exception {
    var namespace =
        ControlPlane.json(
            """
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
            """);
    Await.result(plane.admin.create(Resource.NAMESPACES.tree(), "", namespace));
    Await.until("its account", () -> exists(Resource.SERVICE_ACCOUNTS.tree(), "default"));
    Await.until("its authority", () -> exists(Resource.CONFIG_MAPS.tree(), "kube-root-ca.crt"));
    var map =
        Await.result(plane.admin.get(Resource.CONFIG_MAPS.tree(), "team", "kube-root-ca.crt"));
    assertThat(map.path("data").path("ca.crt").asText())
        .isEqualTo(Pem.encode(plane.authority.certificate()));

    Await.result(
        plane.admin.delete(
            Resource.CONFIG_MAPS, "team", "kube-root-ca.crt", DeleteOptions.DEFAULT));
    Await.until("it is back", () -> exists(Resource.CONFIG_MAPS.tree(), "kube-root-ca.crt"));

    Await.result(plane.admin.delete(Resource.NAMESPACES, "", "team", DeleteOptions.DEFAULT));
    Await.until("the namespace is gone", () -> !present(Resource.NAMESPACES.tree(), "", "team"));
    assertThat(exists(Resource.CONFIG_MAPS.tree(), "kube-root-ca.crt")).isFalse();
  }

  @Test
  void deletesBootstrapTokensThatHaveExpired() throws Exception {
    var secret =
        ControlPlane.json(
            """
            {"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
             "metadata": {"name": "bootstrap-token-abcdef", "namespace": "kube-system"},
             "stringData": {"token-id": "abcdef", "token-secret": "0123456789abcdef",
               "expiration": "2026-01-01T00:00:00Z", "usage-bootstrap-authentication": "true"}}
            """);
    Await.result(plane.admin.create(Resource.SECRETS.tree(), "kube-system", secret));
    Await.until(
        "it is gone",
        () -> !present(Resource.SECRETS.tree(), "kube-system", "bootstrap-token-abcdef"));
  }

  @Test
  void clusterInfoIsSignedWithEveryTokenThatMaySign() throws Exception {
    var map =
        ControlPlane.json(
            """
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cluster-info"},
             "data": {"kubeconfig": "clusters: []", "jws-kubeconfig-gone00": "old"}}
            """);
    Await.result(plane.admin.create(Resource.CONFIG_MAPS.tree(), "kube-public", map));
    token("sign00", "\"usage-bootstrap-signing\": \"true\"");
    token("auth00", "\"usage-bootstrap-authentication\": \"true\"");
    var signed =
        Await.until(
            "the signature of the token that signs alone",
            () -> clusterInfo(),
            data -> data.size() == 2 && data.has("jws-kubeconfig-sign00"));
    assertThat(signed.path("jws-kubeconfig-sign00").asText())
        .isEqualTo(DetachedSignature.of("clusters: []", "sign00", "0123456789abcdef"));

    var changed = ControlPlane.json("{\"data\": {\"kubeconfig\": \"clusters: [new]\"}}");
    Await.result(
        plane.admin.patch(
            Resource.CONFIG_MAPS.tree(), "kube-public", "cluster-info", PatchType.MERGE, changed));
    Await.until(
        "the new signature",
        () ->
            clusterInfo()
                .path("jws-kubeconfig-sign00")
                .asText()
                .equals(DetachedSignature.of("clusters: [new]", "sign00", "0123456789abcdef")));
    Await.result(
        plane.admin.delete(
            Resource.SECRETS, "kube-system", "bootstrap-token-sign00", DeleteOptions.DEFAULT));
    Await.until("no signature is left", () -> clusterInfo().size() == 1);
  }

  private static void token(String id, String usage) throws Exception {
    var secret =
        ControlPlane.json(
            """
            {"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
             "metadata": {"name": "bootstrap-token-%1$s", "namespace": "kube-system"},
             "stringData": {"token-id": "%1$s", "token-secret": "0123456789abcdef", %2$s}}
            """
                .formatted(id, usage));
    Await.result(plane.admin.create(Resource.SECRETS.tree(), "kube-system", secret));
  }

  private static JsonNode clusterInfo() throws Exception {
    return Await.result(plane.admin.get(Resource.CONFIG_MAPS.tree(), "kube-public", "cluster-info"))
        .path("data");
  }

  @Test
  void aggregatedRolesFollowTheRolesThatTheySelect() throws Exception {
    var roles = ClusterRoleAggregationController.CLUSTER_ROLES;
    var view = Await.result(plane.admin.get(roles, "", "view"));
    Await.result(plane.admin.create(roles, "", viewer("crontabs-view", "crontabs")));
    // What view has, edit and admin have as well.
    for (var name : List.of("view", "edit", "admin")) {
      Await.until(name + " reads crontabs", () -> mentions(name, "crontabs"));
    }
    Await.result(
        plane.admin.update(roles, "", "crontabs-view", viewer("crontabs-view", "cronlogs")));
    Await.until("the change", () -> mentions("admin", "cronlogs") && !mentions("view", "crontabs"));
    Await.result(plane.admin.delete(roles, "", "crontabs-view", DeleteOptions.DEFAULT));
    Await.until("nothing is left of it", () -> !mentions("admin", "cronlogs"));
    assertThat(Await.result(plane.admin.get(roles, "", "view")).path("rules"))
        .isEqualTo(view.path("rules"));
  }

  private static ObjectNode viewer(String name, String resource) {
    return ControlPlane.json(
        """
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
         "metadata": {"name": "%s",
           "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
         "rules": [{"apiGroups": ["stable.example.com"], "resources": ["%s"],
           "verbs": ["get", "list", "watch"]}]}
        """
            .formatted(name, resource));
  }

  private static boolean mentions(String role, String resource) throws Exception {
    return Await.result(plane.admin.get(ClusterRoleAggregationController.CLUSTER_ROLES, "", role))
        .path("rules")
        .toString()
        .contains('"' + resource + '"');
  }

  private static boolean exists(Resource<ObjectNode> resource, String name) throws Exception {
    return present(resource, "team", name);
  }

  private static boolean present(Resource<ObjectNode> resource, String namespace, String name)
      throws Exception {
    try {
      return !Await.result(plane.admin.get(resource, namespace, name)).isEmpty();
    } catch (ApiException e) {
      assertThat(e.code()).isEqualTo(404);
      return false;
    }
  }

  private static String ready(String node) throws Exception {
    for (var condition : get(node).path("status").path("conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        return condition.path("status").asText();
      }
    }
    return "";
  }

  private static List<String> taints(String node) throws Exception {
    var taints = new ArrayList<String>();
    for (var taint : get(node).path("spec").path("taints")) {
      taints.add(taint.path("key").asText() + ":" + taint.path("effect").asText());
    }
    return taints;
  }

  private static ObjectNode get(String node) throws Exception {
    return Await.result(plane.admin.get(NODES, "", node));
  }
}
