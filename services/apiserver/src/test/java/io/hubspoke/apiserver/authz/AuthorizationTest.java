package io.hubspoke.apiserver.authz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuthorizationTest {
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
  private static final String DEFAULT = "/api/v1/namespaces/default";
  private static TestApiserver server;
  private static Client admin;
  private static Client node;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
    node = server.node("n1");
    for (String name : new String[] {"n1", "n2"}) {
      made(admin.post("/api/v1/nodes", object("v1", "Node", name)));
      made(admin.post(DEFAULT + "/secrets", object("v1", "Secret", "of-" + name)));
      made(admin.post(DEFAULT + "/configmaps", object("v1", "ConfigMap", "of-" + name)));
      made(admin.post(DEFAULT + "/pods", pod("pod-" + name, name, "of-" + name)));
    }
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aKubeletReadsTheSecretOfItsPodAndNoOther() throws Exception {
    assertThat(node.get(DEFAULT + "/secrets/of-n1").code()).isEqualTo(200);
    var refused = node.get(DEFAULT + "/secrets/of-n2");
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo(
            "secrets \"of-n2\" is forbidden: User \"system:node:n1\" cannot get resource"
                + " \"secrets\" in API group \"\" in the namespace \"default\": no relationship"
                + " found between node 'n1' and this object");
    assertThat(node.get(DEFAULT + "/secrets").code()).isEqualTo(403);
    assertThat(node.get("/api/v1/secrets").code()).isEqualTo(403);
    assertThat(node.get("/api/v1/namespaces/kube-system/secrets/of-n1").code()).isEqualTo(403);
  }

  @Test
  void aKubeletReadsTheConfigMapOfItsPodAndNoOther() throws Exception {
    assertThat(node.get(DEFAULT + "/configmaps/of-n1").code()).isEqualTo(200);
    assertThat(node.get(DEFAULT + "/configmaps?fieldSelector=metadata.name%3Dof-n1").code())
        .isEqualTo(200);
    assertThat(node.get(DEFAULT + "/configmaps/of-n2").code()).isEqualTo(403);
    assertThat(node.get(DEFAULT + "/configmaps?fieldSelector=metadata.name%3Dof-n2").code())
        .isEqualTo(403);
    assertThat(
            node.get(
                    DEFAULT
                        + "/configmaps?fieldSelector=metadata.name%3Dof-n1,metadata.name%3Dof-n2")
                .code())
        .isEqualTo(403);
  }

  @Test
  void aKubeletListsItsOwnPodsOnly() throws Exception {
    var own = node.get("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1");
    assertThat(own.code()).as(own.text()).isEqualTo(200);
    assertThat(own.json().path("items").size()).isEqualTo(1);
    assertThat(node.get("/api/v1/pods?fieldSelector=spec.nodeName%3Dn2").code()).isEqualTo(403);
    assertThat(node.get("/api/v1/pods?fieldSelector=spec.nodeName!%3Dn2").code()).isEqualTo(403);
    assertThat(node.get("/api/v1/pods").code()).isEqualTo(403);
    assertThat(node.get(DEFAULT + "/pods/pod-n1").code()).isEqualTo(200);
    assertThat(node.get(DEFAULT + "/pods/pod-n2").code()).isEqualTo(403);
  }

  @Test
  void aKubeletReadsAndWritesItsOwnNodeOnly() throws Exception {
    assertThat(node.get("/api/v1/nodes/n1").code()).isEqualTo(200);
    assertThat(node.get("/api/v1/nodes/n2").code()).isEqualTo(403);
    assertThat(node.get("/api/v1/nodes").code()).isEqualTo(403);
    ObjectNode other = admin.get("/api/v1/nodes/n2").json();
    other.putObject("status").put("phase", "Running");
    var refused = node.put("/api/v1/nodes/n2/status", other);
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo("nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"");
    ObjectNode own = node.get("/api/v1/nodes/n1").json();
    assertThat(node.put("/api/v1/nodes/n1/status", own).code()).isEqualTo(200);
    assertThat(node.post("/api/v1/nodes", object("v1", "Node", "n3")).code()).isEqualTo(403);
    assertThat(node.delete("/api/v1/nodes/n1").code()).isEqualTo(403);
  }

  @Test
  void aKubeletCannotDrawWorkloadsToItselfByLabelsOrTaints() throws Exception {
    var labelled = node.get("/api/v1/nodes/n1").json();
    labelled
        .withObject("/metadata/labels")
        .put("node-restriction.kubernetes.io/fips", "true")
        .put("example.com/free", "true");
    var refused = node.put("/api/v1/nodes/n1", labelled);
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message()).contains("node-restriction.kubernetes.io/fips");
    assertThat(refused.message()).doesNotContain("example.com/free");
    var tainted = node.get("/api/v1/nodes/n1").json();
    tainted
        .withObject("/spec")
        .putArray("taints")
        .addObject()
        .put("key", "a")
        .put("effect", "NoSchedule");
    assertThat(node.put("/api/v1/nodes/n1", tainted).message()).contains("modify taints");
    var allowed = node.get("/api/v1/nodes/n1").json();
    allowed.withObject("/metadata/labels").put("kubernetes.io/hostname", "n1");
    assertThat(node.put("/api/v1/nodes/n1", allowed).code()).isEqualTo(200);
  }

  @Test
  void aKubeletReportsAndDeletesItsOwnPodsOnly() throws Exception {
    ObjectNode own = node.get(DEFAULT + "/pods/pod-n1").json();
    own.withObject("/status").put("phase", "Running");
    assertThat(node.put(DEFAULT + "/pods/pod-n1/status", own).code()).isEqualTo(200);
    ObjectNode other = admin.get(DEFAULT + "/pods/pod-n2").json();
    assertThat(node.put(DEFAULT + "/pods/pod-n2/status", other).message())
        .contains("can only update pod status for pods with spec.nodeName set to itself");
    assertThat(node.delete(DEFAULT + "/pods/pod-n2").message())
        .contains("can only delete pods with spec.nodeName set to itself");
    assertThat(node.post(DEFAULT + "/pods", pod("mine", "n1", "of-n2")).message())
        .contains("can only create mirror pods");
    assertThat(node.put(DEFAULT + "/pods/pod-n1", own).code()).isEqualTo(403);
  }

  @Test
  void aKubeletHoldsItsOwnLeaseOnly() throws Exception {
    String leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    made(node.post(leases, object("coordination.k8s.io/v1", "Lease", "n1")));
    assertThat(node.get(leases + "/n1").code()).isEqualTo(200);
    assertThat(node.post(leases, object("coordination.k8s.io/v1", "Lease", "n2")).code())
        .isEqualTo(403);
    assertThat(node.get(leases + "/n2").code()).isEqualTo(403);
    assertThat(node.get(leases).code()).isEqualTo(403);
    assertThat(
            node.post(
                    "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
                    object("coordination.k8s.io/v1", "Lease", "n1"))
                .code())
        .isEqualTo(403);
  }

  @Test
  void aUserNamedLikeANodeOutsideItsGroupIsNoNode() throws Exception {
    assertThat(server.client("system:node:n1").get("/api/v1/nodes/n1").code()).isEqualTo(403);
  }

  @Test
  void aRoleBindingCountsAtOnceAndOnlyInItsNamespace() throws Exception {
    Client reader = server.client("reader", "readers");
    assertThat(reader.get(DEFAULT + "/pods").code()).isEqualTo(403);
    made(admin.post(RBAC + "/namespaces/default/rolebindings", binding("read", "view", "readers")));
    assertThat(reader.get(DEFAULT + "/pods").code()).isEqualTo(200);
    assertThat(reader.get("/api/v1/namespaces/kube-system/pods").code()).isEqualTo(403);
    assertThat(reader.get("/api/v1/pods").code()).isEqualTo(403);
    assertThat(reader.get(DEFAULT + "/secrets").code()).isEqualTo(403);
    assertThat(reader.delete(DEFAULT + "/pods/pod-n1").code()).isEqualTo(403);
    assertThat(admin.delete(RBAC + "/namespaces/default/rolebindings/read").code()).isEqualTo(200);
    assertThat(reader.get(DEFAULT + "/pods").code()).isEqualTo(403);
  }

  @Test
  void aRolesChangeCountsAtOnceForThoseWhoAreBoundToIt() throws Exception {
    ObjectNode role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "changing");
    role.putArray("rules").add(Rule.parse("list configmaps").build().toJson());
    made(
        admin.post(
            RBAC + "/clusterrolebindings", clusterBinding("changing", "changing", "changers")));
    Client changer = server.client("changer", "changers");
    // Bound to what doesn't exist yet, then to what does.
    assertThat(changer.get(DEFAULT + "/configmaps").code()).isEqualTo(403);
    made(admin.post(RBAC + "/clusterroles", role));
    assertThat(changer.get(DEFAULT + "/configmaps").code()).isEqualTo(200);
    role.putArray("rules").add(Rule.parse("list secrets").build().toJson());
    assertThat(admin.put(RBAC + "/clusterroles/changing", role).code()).isEqualTo(200);
    assertThat(changer.get(DEFAULT + "/configmaps").code()).isEqualTo(403);
    assertThat(changer.get(DEFAULT + "/secrets").code()).isEqualTo(200);
    assertThat(admin.delete(RBAC + "/clusterroles/changing").code()).isEqualTo(200);
    assertThat(changer.get(DEFAULT + "/secrets").code()).isEqualTo(403);
  }

  @Test
  void nobodyIsRefusedForAMomentWhileHisBindingChanges() throws Exception {
    made(admin.post(RBAC + "/clusterrolebindings", clusterBinding("steady", "view", "steady")));
    Client steady = server.client("steady-user", "steady");
    var codes = new java.util.concurrent.ConcurrentSkipListSet<Integer>();
    var stop = new java.util.concurrent.atomic.AtomicBoolean();
    Thread reader =
        Thread.ofVirtual()
            .start(
                () -> {
                  while (!stop.get()) {
                    try {
                      codes.add(steady.get(DEFAULT + "/configmaps").code());
                    } catch (Exception e) {
                      codes.add(0);
                    }
                  }
                });
    for (int i = 0; i < 200; i++) {
      ObjectNode changed = clusterBinding("steady", "view", "steady");
      changed.withObject("/metadata/labels").put("round", "r" + i);
      assertThat(admin.put(RBAC + "/clusterrolebindings/steady", changed).code()).isEqualTo(200);
    }
    stop.set(true);
    reader.join();
    assertThat(codes).containsExactly(200);
  }

  @Test
  void aKubeletReadsWhatAPodNeedsAsSoonAsItIsBoundAndNoLongerThanItIsThere() throws Exception {
    made(admin.post(DEFAULT + "/secrets", object("v1", "Secret", "late")));
    assertThat(node.get(DEFAULT + "/secrets/late").code()).isEqualTo(403);
    ObjectNode late = pod("late", "n1", "late");
    late.withObject("/spec").put("terminationGracePeriodSeconds", 0);
    made(admin.post(DEFAULT + "/pods", late));
    assertThat(node.get(DEFAULT + "/secrets/late").code()).isEqualTo(200);
    assertThat(node.get(DEFAULT + "/secrets?fieldSelector=metadata.name%3Dlate").code())
        .isEqualTo(200);
    assertThat(admin.delete(DEFAULT + "/pods/late?gracePeriodSeconds=0").code()).isEqualTo(200);
    assertThat(node.get(DEFAULT + "/secrets/late").code()).isEqualTo(403);
  }

  @Test
  void aRoleNamesSingleObjectsAndSubresources() throws Exception {
    ObjectNode role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "one-map");
    role.putArray("rules")
        .add(
            new PolicyRule(
                    java.util.List.of("get"),
                    java.util.List.of(""),
                    java.util.List.of("configmaps", "pods/log"),
                    java.util.List.of("of-n1"),
                    java.util.List.of())
                .toJson());
    made(admin.post(RBAC + "/clusterroles", role));
    made(
        admin.post(RBAC + "/clusterrolebindings", clusterBinding("one-map", "one-map", "mappers")));
    Client mapper = server.client("mapper", "mappers");
    assertThat(mapper.get(DEFAULT + "/configmaps/of-n1").code()).isEqualTo(200);
    assertThat(mapper.get(DEFAULT + "/configmaps/of-n2").code()).isEqualTo(403);
    assertThat(mapper.get(DEFAULT + "/configmaps").code()).isEqualTo(403);
    assertThat(mapper.get(DEFAULT + "/pods/of-n1").code()).isEqualTo(403);
    assertThat(mapper.get(DEFAULT + "/pods/of-n1/log").code()).isEqualTo(404);
  }

  @Test
  void theComponentsHaveTheirDefaultRoles() throws Exception {
    Client scheduler = server.client("system:kube-scheduler");
    assertThat(scheduler.get("/api/v1/nodes").code()).isEqualTo(200);
    assertThat(scheduler.get("/api/v1/secrets").code()).isEqualTo(403);
    Client manager = server.client("system:kube-controller-manager");
    assertThat(manager.get("/apis/certificates.k8s.io/v1/certificatesigningrequests").code())
        .isEqualTo(200);
    assertThat(manager.delete("/api/v1/nodes/none").code()).isEqualTo(404);
    Client proxy = server.client("system:kube-proxy");
    assertThat(proxy.get("/api/v1/services").code()).isEqualTo(200);
    assertThat(proxy.get("/api/v1/secrets").code()).isEqualTo(403);
    Client joining = server.client("joining", "system:bootstrappers");
    assertThat(joining.get("/apis/certificates.k8s.io/v1/certificatesigningrequests").code())
        .isEqualTo(200);
    assertThat(joining.get("/api/v1/nodes").code()).isEqualTo(403);
    assertThat(
            joining.get("/apis/certificates.k8s.io/v1/certificatesigningrequests?watch=0").code())
        .isEqualTo(200);
  }

  @Test
  void accessReviewsAnswerAsTheAuthorizersDo() throws Exception {
    Client manager = server.client("system:kube-scheduler");
    assertThat(mayI(manager, "list", "pods").at("/status/allowed").asBoolean()).isTrue();
    assertThat(mayI(manager, "list", "secrets").at("/status/allowed").asBoolean()).isFalse();
    ObjectNode review = review("SubjectAccessReview");
    review.putObject("spec").put("user", "jane").putArray("groups").add("system:masters");
    review.withObject("/spec/resourceAttributes").put("verb", "delete").put("resource", "nodes");
    String path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    assertThat(admin.post(path, review).json().at("/status/allowed").asBoolean()).isTrue();
    assertThat(manager.post(path, review).code()).as("schedulers delegate too").isEqualTo(201);
    assertThat(server.client("jane").post(path, review).code()).isEqualTo(403);
    ObjectNode rules = review("SelfSubjectRulesReview");
    rules.putObject("spec").put("namespace", "default");
    var listed = manager.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", rules);
    assertThat(listed.json().at("/status/resourceRules").toString()).contains("pods/binding");
    assertThat(listed.json().at("/status/incomplete").asBoolean(true)).isFalse();
  }

  @Test
  void theDefaultsExistAndAreLabelled() throws Exception {
    var role = admin.get(RBAC + "/clusterroles/system:node").json();
    assertThat(role.at("/metadata/labels").toString())
        .isEqualTo("{\"kubernetes.io/bootstrapping\":\"rbac-defaults\"}");
    assertThat(admin.get("/api/v1/namespaces/kube-node-lease").code()).isEqualTo(200);
    var service = admin.get(DEFAULT + "/services/kubernetes").json();
    assertThat(service.at("/spec/clusterIP").asText()).isEqualTo("127.96.0.1");
    var endpoints = admin.get(DEFAULT + "/endpoints/kubernetes").json();
    assertThat(endpoints.at("/subsets/0/addresses/0/ip").asText()).isEqualTo("127.0.0.1");
    assertThat(endpoints.at("/subsets/0/ports/0/port").asInt()).isEqualTo(server.port());
  }

  private static ObjectNode mayI(Client client, String verb, String resource) throws Exception {
    ObjectNode review = review("SelfSubjectAccessReview");
    review
        .putObject("spec")
        .putObject("resourceAttributes")
        .put("verb", verb)
        .put("resource", resource);
    var answer = client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    return answer.json();
  }

  private static ObjectNode review(String kind) {
    return Json.object().put("apiVersion", "authorization.k8s.io/v1").put("kind", kind);
  }

  private static void made(Answer answer) {
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
  }

  private static ObjectNode object(String apiVersion, String kind, String name) {
    ObjectNode object = Json.object().put("apiVersion", apiVersion).put("kind", kind);
    object.putObject("metadata").put("name", name);
    return object;
  }

  private static ObjectNode binding(String name, String role, String group) {
    return bindingOf("RoleBinding", name, role, group);
  }

  private static ObjectNode clusterBinding(String name, String role, String group) {
    return bindingOf("ClusterRoleBinding", name, role, group);
  }

  private static ObjectNode bindingOf(String kind, String name, String role, String group) {
    ObjectNode binding = object("rbac.authorization.k8s.io/v1", kind, name);
    binding
        .putObject("roleRef")
        .put("apiGroup", "rbac.authorization.k8s.io")
        .put("kind", "ClusterRole")
        .put("name", role);
    binding
        .putArray("subjects")
        .addObject()
        .put("apiGroup", "rbac.authorization.k8s.io")
        .put("kind", "Group")
        .put("name", group);
    return binding;
  }

  private static ObjectNode pod(String name, String node, String uses) {
    String json =
        """
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"},
         "spec": {"nodeName": "%s",
           "containers": [{"name": "c", "image": "hubspoke/pause",
             "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "%s", "key": "k"}}}]}],
           "volumes": [{"name": "v", "configMap": {"name": "%s"}}]}}
        """
            .formatted(name, node, uses, uses);
    return Json.parseObject(json.getBytes(StandardCharsets.UTF_8));
  }
}
