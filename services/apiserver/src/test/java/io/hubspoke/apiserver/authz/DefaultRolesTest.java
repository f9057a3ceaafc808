package io.hubspoke.apiserver.authz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DefaultRolesTest {
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";

  /** As {@code kubectl get clusterroles} lists them on a cluster of Kubernetes 1.33. */
  private static final String[] CLUSTER_ROLES =
      """
      admin
      cluster-admin
      edit
      system:aggregate-to-admin
      system:aggregate-to-edit
      system:aggregate-to-view
      system:auth-delegator
      system:basic-user
      system:certificates.k8s.io:certificatesigningrequests:nodeclient
      system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
      system:certificates.k8s.io:kube-apiserver-client-approver
      system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
      system:certificates.k8s.io:kubelet-serving-approver
      system:certificates.k8s.io:legacy-unknown-approver
      system:controller:attachdetach-controller
      system:controller:certificate-controller
      system:controller:clusterrole-aggregation-controller
      system:controller:cronjob-controller
      system:controller:daemon-set-controller
      system:controller:deployment-controller
      system:controller:disruption-controller
      system:controller:endpoint-controller
      system:controller:endpointslice-controller
      system:controller:endpointslicemirroring-controller
      system:controller:ephemeral-volume-controller
      system:controller:expand-controller
      system:controller:generic-garbage-collector
      system:controller:horizontal-pod-autoscaler
      system:controller:job-controller
      system:controller:legacy-service-account-token-cleaner
      system:controller:namespace-controller
      system:controller:node-controller
      system:controller:persistent-volume-binder
      system:controller:pod-garbage-collector
      system:controller:pv-protection-controller
      system:controller:pvc-protection-controller
      system:controller:replicaset-controller
      system:controller:replication-controller
      system:controller:resourcequota-controller
      system:controller:root-ca-cert-publisher
      system:controller:route-controller
      system:controller:selinux-warning-controller
      system:controller:service-account-controller
      system:controller:service-cidrs-controller
      system:controller:service-controller
      system:controller:statefulset-controller
      system:controller:ttl-after-finished-controller
      system:controller:ttl-controller
      system:controller:validatingadmissionpolicy-status-controller
      system:discovery
      system:heapster
      system:kube-aggregator
      system:kube-controller-manager
      system:kube-dns
      system:kube-scheduler
      system:kubelet-api-admin
      system:monitoring
      system:node
      system:node-bootstrapper
      system:node-problem-detector
      system:node-proxier
      system:persistent-volume-provisioner
      system:public-info-viewer
      system:service-account-issuer-discovery
      system:volume-scheduler
      view
      """
          .split("\n", -1);

  private static TestApiserver server;
  private static Client admin;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void theDefaultClusterRolesAreKubernetes() throws Exception {
    var listed =
        admin.get(RBAC + "/clusterroles?labelSelector=kubernetes.io/bootstrapping%3Drbac-defaults");
    assertThat(names(listed.json()))
        .containsExactlyInAnyOrder(
            List.of(CLUSTER_ROLES).subList(0, CLUSTER_ROLES.length - 1).toArray(String[]::new));
    assertThat(listed.json().path("items"))
        .allSatisfy(
            role ->
                assertThat(
                        role.at(
                                "/metadata/annotations/rbac.authorization.kubernetes.io~1autoupdate")
                            .asText())
                    .isEqualTo("true"));
  }

  @Test
  void everyDefaultBindingLeadsToARoleThatExists() throws Exception {
    var roles = names(admin.get(RBAC + "/clusterroles").json());
    var bindings = admin.get(RBAC + "/clusterrolebindings").json();
    assertThat(bindings.path("items"))
        .allSatisfy(b -> assertThat(roles).contains(b.at("/roleRef/name").asText()));
    assertThat(names(bindings))
        .contains("system:node-proxier", "system:volume-scheduler", "cluster-admin")
        .contains("system:controller:deployment-controller", "system:kube-dns", "system:node");
    for (String namespace : List.of("kube-system", "kube-public")) {
      String path = RBAC + "/namespaces/" + namespace;
      var there = names(admin.get(path + "/roles").json());
      assertThat(admin.get(path + "/rolebindings").json().path("items"))
          .isNotEmpty()
          .allSatisfy(b -> assertThat(there).contains(b.at("/roleRef/name").asText()));
    }
    assertThat(names(admin.get(RBAC + "/namespaces/kube-system/roles").json()))
        .contains(
            "extension-apiserver-authentication-reader",
            "system::leader-locking-kube-controller-manager",
            "system::leader-locking-kube-scheduler",
            "system:controller:bootstrap-signer",
            "system:controller:cloud-provider",
            "system:controller:token-cleaner");
  }

  @Test
  void adminEditAndViewAreAggregatedEachWithinTheFormer() throws Exception {
    var view = admin.get(RBAC + "/clusterroles/view").json();
    assertThat(view.at("/aggregationRule/clusterRoleSelectors/0/matchLabels").toString())
        .isEqualTo("{\"rbac.authorization.k8s.io/aggregate-to-view\":\"true\"}");
    assertThat(view.at("/metadata/labels").toString())
        .contains("\"rbac.authorization.k8s.io/aggregate-to-edit\":\"true\"");
    var edit = PolicyRule.listOf(admin.get(RBAC + "/clusterroles/edit").json());
    assertThat(RuleCoverage.missing(edit, PolicyRule.listOf(view))).isEmpty();
    var all = PolicyRule.listOf(admin.get(RBAC + "/clusterroles/admin").json());
    assertThat(RuleCoverage.missing(all, edit)).isEmpty();
    assertThat(RuleCoverage.missing(edit, all)).isNotEmpty();
  }

  @Test
  void controllersHaveTheirOwnRolesAndNoOthers() throws Exception {
    Client deployments =
        server.client("system:serviceaccount:kube-system:deployment-controller", "x");
    assertThat(deployments.get("/api/v1/pods").code()).isEqualTo(200);
    assertThat(deployments.get("/api/v1/secrets").code()).isEqualTo(403);
    Client tokens = server.client("system:serviceaccount:kube-system:token-cleaner", "x");
    assertThat(tokens.get("/api/v1/namespaces/kube-system/secrets").code()).isEqualTo(200);
    assertThat(tokens.get("/api/v1/namespaces/default/secrets").code()).isEqualTo(403);
    Client proxy = server.client("system:kube-proxy", "x");
    assertThat(proxy.get("/api/v1/services").code()).isEqualTo(200);
    assertThat(proxy.get("/api/v1/pods").code()).isEqualTo(403);
    // Whoever sets a cluster up binds the account of those in pods, as kubeadm does.
    Client inPod = server.client("system:serviceaccount:kube-system:kube-proxy", "x");
    assertThat(inPod.get("/api/v1/services").code()).isEqualTo(403);
  }

  @Test
  void aRuleIsReadFromItsLine() {
    assertThat(Rule.parse("get,list pods,secrets in core,apps named a,b").build())
        .isEqualTo(
            new PolicyRule(
                List.of("get", "list"),
                List.of("", "apps"),
                List.of("pods", "secrets"),
                List.of("a", "b"),
                List.of()));
  }

  @Test
  void reconciliationAddsWhatIsMissingAndKeepsWhatWasAdded() {
    ObjectNode wanted =
        parse(
            """
            {"kind": "ClusterRole", "metadata": {"name": "r", "labels": {"a": "1", "b": "2"}},
             "rules": [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
                       {"verbs": ["get"], "apiGroups": [""], "resources": ["nodes"]}]}
            """);
    ObjectNode now =
        parse(
            """
            {"kind": "ClusterRole", "metadata": {"name": "r", "labels": {"a": "mine"}},
             "rules": [{"verbs": ["*"], "apiGroups": [""], "resources": ["pods"]},
                       {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]}
            """);
    assertThat(PolicyReconciliation.holds(now, wanted)).isFalse();
    ObjectNode reconciled = PolicyReconciliation.complete(now.deepCopy(), wanted);
    assertThat(reconciled.at("/metadata/labels").toString())
        .isEqualTo("{\"a\":\"mine\",\"b\":\"2\"}");
    // What "*" grants already is not added once more.
    assertThat(reconciled.path("rules")).hasSize(3);
    assertThat(reconciled.at("/rules/2/resources/0").asText()).isEqualTo("nodes");
    assertThat(PolicyReconciliation.holds(reconciled, wanted)).isTrue();
    now.withObject("/metadata")
        .putObject("annotations")
        .put("rbac.authorization.kubernetes.io/autoupdate", "false");
    assertThat(PolicyReconciliation.holds(now, wanted)).isTrue();
  }

  @Test
  void reconciliationLeavesTheRulesOfAnAggregatedRoleToItsController() {
    ObjectNode wanted =
        parse(
            """
            {"kind": "ClusterRole", "metadata": {"name": "view"},
             "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "true"}}]},
             "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}
            """);
    ObjectNode now = parse("{\"kind\": \"ClusterRole\", \"metadata\": {\"name\": \"view\"}}");
    ObjectNode reconciled = PolicyReconciliation.complete(now.deepCopy(), wanted);
    assertThat(reconciled.path("aggregationRule")).isEqualTo(wanted.path("aggregationRule"));
    assertThat(reconciled.path("rules")).isEmpty();
  }

  private static List<String> names(ObjectNode list) {
    List<String> names = new ArrayList<>();
    for (JsonNode item : list.path("items")) {
      names.add(item.at("/metadata/name").asText());
    }
    return names;
  }

  private static ObjectNode parse(String json) {
    return Json.parseObject(json.getBytes(StandardCharsets.UTF_8));
  }
}
