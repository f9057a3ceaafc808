package io.hubspoke.apiserver.authz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoleEscalationTest {
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
  private static final String ROLES = RBAC + "/namespaces/default/roles";
  private static final String BINDINGS = RBAC + "/namespaces/default/rolebindings";
  private static TestApiserver server;
  private static Client admin;
  private static Client owner;

  /** An owner of the namespace default: has the role admin there. */
  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
    owner = server.client("owner", "owners");
    created(admin, BINDINGS, binding("RoleBinding", "owner", "ClusterRole", "admin", "owner"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aRoleWithinOnesOwnRightsMayBeMadeAndBound() throws Exception {
    created(owner, ROLES, role("Role", "readers", "", "pods", "get", "list"));
    created(owner, BINDINGS, binding("RoleBinding", "readers", "Role", "readers", "jane"));
    created(owner, BINDINGS, binding("RoleBinding", "viewers", "ClusterRole", "view", "jane"));
    assertThat(server.client("jane").get("/api/v1/namespaces/default/pods").code()).isEqualTo(200);
  }

  @Test
  void aRoleBeyondOnesOwnRightsIsRefusedWithWhatIsMissing() throws Exception {
    var refused = owner.post(ROLES, role("Role", "more", "", "pods", "get", "approve", "sign"));
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo(
            "roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"owner\""
                + " (groups=[\"owners\" \"system:authenticated\"]) is attempting to grant RBAC"
                + " permissions not currently held:\n"
                + "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"approve\" \"sign\"]}");
    for (ObjectNode role :
        List.of(
            role("Role", "more", "*", "*", "*"),
            role("Role", "more", "", "*", "get"),
            role("Role", "more", "", "nodes", "get"),
            role("Role", "more", "", "*/exec", "create"))) {
      assertThat(owner.post(ROLES, role).code()).as(role.toString()).isEqualTo(403);
    }
    assertThat(admin.get(ROLES + "/more").code()).isEqualTo(404);
  }

  /** A hundred kilobytes of rules took gigabytes and stopped an event loop for half a minute. */
  @Test
  void aRoleOfVeryManyCombinationsIsRefusedUncounted() throws Exception {
    ObjectNode vast = role("Role", "vast", "", "pods");
    ObjectNode rule = (ObjectNode) vast.at("/rules/0");
    for (int i = 0; i < 300; i++) {
      rule.withArray("verbs").add("v" + i);
      rule.withArray("resources").add("r" + i);
    }
    var refused = owner.post(ROLES, vast);
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message()).contains("combinations").hasSizeLessThan(1_000);
    // Whoever may escalate has nothing compared.
    created(admin, ROLES, vast);
  }

  @Test
  void whatIsMissingIsToldUpToALength() throws Exception {
    ObjectNode wide = role("Role", "wide", "", "pods", "approve");
    for (int i = 0; i < 5_000; i++) {
      ((ObjectNode) wide.at("/rules/0")).withArray("resources").add("r" + i);
    }
    var refused = owner.post(ROLES, wide);
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message()).contains("4901 more").hasSizeLessThan(20_000);
  }

  @Test
  void aRoleCannotGrowBeyondOnesOwnRights() throws Exception {
    created(owner, ROLES, role("Role", "growing", "", "pods", "get"));
    for (String verb : List.of("*", "bind")) {
      var grown = role("Role", "growing", "", "pods", verb);
      assertThat(owner.put(ROLES + "/growing", grown).code()).isEqualTo(403);
    }
    assertThat(owner.put(ROLES + "/growing", role("Role", "growing", "", "pods", "list")).code())
        .isEqualTo(200);
    // One that is greater than the owner already may lose an owner reference, not get a label.
    created(admin, ROLES, role("Role", "great", "*", "*", "*"));
    ObjectNode great = owner.get(ROLES + "/great").json();
    great.withObject("/metadata").putArray("finalizers").add("example.com/hold");
    assertThat(owner.put(ROLES + "/great", great).code()).isEqualTo(200);
    great = owner.get(ROLES + "/great").json();
    great.withObject("/metadata").putObject("labels").put("a", "b");
    assertThat(owner.put(ROLES + "/great", great).code()).isEqualTo(403);
  }

  @Test
  void aBindingToAGreaterRoleIsRefused() throws Exception {
    var everything = binding("RoleBinding", "b", "ClusterRole", "cluster-admin", "owner");
    var refused = owner.post(BINDINGS, everything);
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .startsWith("rolebindings.rbac.authorization.k8s.io \"b\" is forbidden: user \"owner\"")
        .contains("{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}");
    // PUT makes it too, where it does not exist.
    assertThat(owner.put(BINDINGS + "/b", everything).code()).isEqualTo(403);
    assertThat(owner.post(BINDINGS, binding("RoleBinding", "b", "Role", "none", "x")).code())
        .isEqualTo(404);
    assertThat(owner.post(BINDINGS, binding("RoleBinding", "b", "Banana", "none", "x")).code())
        .isEqualTo(422);
  }

  @Test
  void nobodyIsAddedToABindingOfAGreaterRole() throws Exception {
    created(admin, BINDINGS, binding("RoleBinding", "root", "ClusterRole", "cluster-admin", "bob"));
    var added = binding("RoleBinding", "root", "ClusterRole", "cluster-admin", "owner");
    assertThat(owner.put(BINDINGS + "/root", added).code()).isEqualTo(403);
  }

  @Test
  void rightsInOneNamespaceGrantNothingInAnotherOrEverywhere() throws Exception {
    grant("role-writer", "writer", "roles", "create");
    grant("clusterrole-writer", "writer", "clusterroles", "create", "update");
    created(admin, BINDINGS, binding("RoleBinding", "writer", "ClusterRole", "edit", "writer"));
    var writer = server.client("writer");
    created(writer, ROLES, role("Role", "w", "", "pods", "delete"));
    assertThat(
            writer
                .post(
                    RBAC + "/namespaces/kube-system/roles", role("Role", "w", "", "pods", "delete"))
                .code())
        .isEqualTo(403);
    assertThat(
            writer
                .post(RBAC + "/clusterroles", role("ClusterRole", "w", "", "pods", "delete"))
                .code())
        .isEqualTo(403);
    ObjectNode aggregating = role("ClusterRole", "all", RBAC_GROUP, "roles", "create");
    aggregating
        .putObject("aggregationRule")
        .putArray("clusterRoleSelectors")
        .addObject()
        .putObject("matchLabels")
        .put("a", "b");
    assertThat(writer.post(RBAC + "/clusterroles", aggregating).code()).isEqualTo(403);
    aggregating.remove("aggregationRule");
    created(writer, RBAC + "/clusterroles", aggregating);
  }

  @Test
  void theVerbsEscalateAndBindLiftIt() throws Exception {
    grant("escalator", "escalator", "roles", "create", "escalate");
    grant("binder", "escalator", "rolebindings", "create");
    var escalator = server.client("escalator");
    created(escalator, ROLES, role("Role", "lifted", "*", "*", "*"));
    var lifted = binding("RoleBinding", "lifted", "Role", "lifted", "x");
    assertThat(escalator.post(BINDINGS, lifted).code()).isEqualTo(403);
    grant("bind-roles", "escalator", "roles", "bind");
    created(escalator, BINDINGS, lifted);
    assertThat(
            escalator
                .post(BINDINGS, binding("RoleBinding", "l2", "ClusterRole", "cluster-admin", "x"))
                .code())
        .isEqualTo(403);
  }

  @Test
  void rulesAboutPathsAreComparedToo() {
    List<PolicyRule> held =
        List.of(
            new PolicyRule(List.of("get"), List.of(), List.of(), List.of(), List.of("/logs/*")),
            new PolicyRule(List.of("get"), List.of(""), List.of("*/log"), List.of("a"), List.of()));
    assertThat(RuleCoverage.missing(held, List.of(path("get", "/logs/x"), path("get", "/logs/*"))))
        .isEmpty();
    assertThat(RuleCoverage.missing(held, List.of(path("post", "/logs/x"), path("get", "/log"))))
        .containsExactly(
            "{NonResourceURLs:[\"/log\"], Verbs:[\"get\"]}",
            "{NonResourceURLs:[\"/logs/x\"], Verbs:[\"post\"]}");
    assertThat(RuleCoverage.missing(held, List.of(path("get", "*")))).hasSize(1);
    var named =
        new PolicyRule(
            List.of("get"), List.of(""), List.of("pods/log"), List.of("a", "b"), List.of());
    assertThat(RuleCoverage.missing(held, List.of(named)))
        .containsExactly(
            "{APIGroups:[\"\"], Resources:[\"pods/log\"], ResourceNames:[\"b\"], Verbs:[\"get\"]}");
    var all =
        new PolicyRule(List.of("get"), List.of(""), List.of("pods/log"), List.of(), List.of());
    assertThat(RuleCoverage.missing(held, List.of(all))).hasSize(1);
  }

  private static final String RBAC_GROUP = "rbac.authorization.k8s.io";

  private static PolicyRule path(String verb, String url) {
    return new PolicyRule(List.of(verb), List.of(), List.of(), List.of(), List.of(url));
  }

  private static void grant(String name, String user, String resource, String... verbs)
      throws Exception {
    created(admin, RBAC + "/clusterroles", role("ClusterRole", name, RBAC_GROUP, resource, verbs));
    created(
        admin,
        RBAC + "/clusterrolebindings",
        binding("ClusterRoleBinding", name, "ClusterRole", name, user));
  }

  private static void created(Client client, String path, ObjectNode object) throws Exception {
    var answer = client.post(path, object);
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
  }

  private static ObjectNode role(
      String kind, String name, String group, String resource, String... verbs) {
    ObjectNode role = object(kind, name);
    ObjectNode rule = role.putArray("rules").addObject();
    rule.putArray("apiGroups").add(group);
    rule.putArray("resources").add(resource);
    for (String verb : verbs) {
      rule.withArray("verbs").add(verb);
    }
    return role;
  }

  private static ObjectNode binding(
      String kind, String name, String roleKind, String role, String user) {
    ObjectNode binding = object(kind, name);
    binding.putObject("roleRef").put("kind", roleKind).put("name", role);
    binding.putArray("subjects").addObject().put("kind", "User").put("name", user);
    return binding;
  }

  private static ObjectNode object(String kind, String name) {
    return Json.parseObject(
        "{\"apiVersion\": \"rbac.authorization.k8s.io/v1\", \"kind\": \"%s\", \"metadata\": {\"name\": \"%s\"}}"
            .formatted(kind, name)
            .getBytes(StandardCharsets.UTF_8));
  }
}
