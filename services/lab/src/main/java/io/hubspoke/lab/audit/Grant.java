package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.runtime.Component;
import java.util.List;

/** Rights that a measurement gives somebody, by a role and a binding of the same name. */
record Grant(Mesh mesh, String name, Scope scope) {
  private static final String RBAC = "rbac.authorization.k8s.io";

  /** Where the rights hold. */
  enum Scope {
    NAMESPACE("Role", "roles", "rolebindings"),
    CLUSTER("ClusterRole", "clusterroles", "clusterrolebindings");

    private final String kind;
    private final String roles;
    private final String bindings;

    Scope(String kind, String roles, String bindings) {
      this.kind = kind;
      this.roles = roles;
      this.bindings = bindings;
    }

    private Resource<ObjectNode> resource(String plural) {
      return new Resource<>(RBAC, "v1", plural, this == NAMESPACE, ObjectNode.class);
    }
  }

  /**
   * A rule about resources of the core group.
   *
   * @param names empty for all
   */
  record Rule(List<String> resources, List<String> names, List<String> verbs) {}

  static ObjectNode user(String name) {
    return Json.object().put("apiGroup", RBAC).put("kind", "User").put("name", name);
  }

  static ObjectNode account(String name) {
    return Json.object()
        .put("kind", "ServiceAccount")
        .put("name", name)
        .put("namespace", Workload.NAMESPACE);
  }

  void to(ObjectNode subject, Rule... rules) throws Exception {
    var role = object(scope.kind);
    for (var rule : rules) {
      var node = role.withArray("rules").addObject();
      node.putArray("apiGroups").add("");
      rule.resources.forEach(node.putArray("resources")::add);
      rule.verbs.forEach(node.putArray("verbs")::add);
      if (!rule.names.isEmpty()) {
        rule.names.forEach(node.putArray("resourceNames")::add);
      }
    }
    create(scope.resource(scope.roles), role);
    var binding = object(scope.kind + "Binding");
    binding.putObject("roleRef").put("apiGroup", RBAC).put("kind", scope.kind).put("name", name);
    binding.putArray("subjects").add(subject);
    create(scope.resource(scope.bindings), binding);
  }

  private ObjectNode object(String kind) {
    var object = Json.object().put("apiVersion", RBAC + "/v1").put("kind", kind);
    object.putObject("metadata").put("name", name);
    return object;
  }

  private void create(Resource<ObjectNode> resource, ObjectNode object) throws Exception {
    Component.await(mesh.admin().create(resource, namespace(), object));
  }

  private String namespace() {
    return scope == Scope.NAMESPACE ? Workload.NAMESPACE : "";
  }

  void delete() throws Exception {
    for (var plural : List.of(scope.bindings, scope.roles)) {
      Component.await(
          mesh.admin()
              .delete(scope.resource(plural), namespace(), name, DeleteOptions.DEFAULT)
              .<Void>mapEmpty()
              .otherwiseEmpty());
    }
  }
}
