package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.util.ArrayList;
import java.util.List;

/** Collects roles and bindings as the API's objects; each has its {@code kind}. */
final class PolicyObjects {
  static final String GROUP = "rbac.authorization.k8s.io";
  private static final String AGGREGATE_TO = GROUP + "/aggregate-to-";

  private final boolean defaults;
  private final List<ObjectNode> objects = new ArrayList<>();

  /**
   * @param defaults whether these are the server's own, which carry its label and annotation
   */
  PolicyObjects(boolean defaults) {
    this.defaults = defaults;
  }

  List<ObjectNode> list() {
    return objects;
  }

  /** Adds a cluster role. */
  ObjectNode role(String name, Rule... rules) {
    return add(withRules(object("ClusterRole", "", name), rules));
  }

  /** Adds a cluster role whose rules become those of another one, too. */
  void roleWithin(String aggregate, String name, Rule... rules) {
    label(role(name, rules), aggregate);
  }

  /**
   * Adds a cluster role that has the rules of all that are labelled as being within it.
   *
   * @param aggregate the greater role that this one is within, empty for none
   * @param rules what that comes to, so that the role is of use before a controller has been there
   */
  void aggregatingRole(String name, String aggregate, Rule... rules) {
    ObjectNode role = role(name, rules);
    role.putObject("aggregationRule")
        .putArray("clusterRoleSelectors")
        .addObject()
        .putObject("matchLabels")
        .put(AGGREGATE_TO + name, "true");
    if (!aggregate.isEmpty()) {
      label(role, aggregate);
    }
  }

  /** Adds a role in a namespace. */
  void namespacedRole(String namespace, String name, Rule... rules) {
    add(withRules(object("Role", namespace, name), rules));
  }

  /** Binds a cluster role to users or groups. */
  void bind(String name, String role, String subjectKind, String... subjects) {
    ObjectNode binding = binding("ClusterRoleBinding", "", name, "ClusterRole", role);
    for (String subject : subjects) {
      subject(binding, subjectKind, subject);
    }
  }

  /** Binds a cluster role to a service account of kube-system. */
  void bindServiceAccount(String name, String role, String account) {
    serviceAccount(binding("ClusterRoleBinding", "", name, "ClusterRole", role), account);
  }

  /** Adds a binding to a role of the namespace, without subjects yet. */
  ObjectNode namespacedBinding(String namespace, String name, String role) {
    return binding("RoleBinding", namespace, name, "Role", role);
  }

  static void subject(ObjectNode binding, String kind, String name) {
    binding
        .withArray("subjects")
        .addObject()
        .put("apiGroup", GROUP)
        .put("kind", kind)
        .put("name", name);
  }

  static void serviceAccount(ObjectNode binding, String account) {
    binding
        .withArray("subjects")
        .addObject()
        .put("kind", "ServiceAccount")
        .put("name", account)
        .put("namespace", "kube-system");
  }

  private ObjectNode binding(
      String kind, String namespace, String name, String roleKind, String role) {
    ObjectNode binding = object(kind, namespace, name);
    binding.putObject("roleRef").put("apiGroup", GROUP).put("kind", roleKind).put("name", role);
    return add(binding);
  }

  private ObjectNode add(ObjectNode object) {
    objects.add(object);
    return object;
  }

  private ObjectNode object(String kind, String namespace, String name) {
    ObjectNode object = Json.object().put("apiVersion", GROUP + "/v1").put("kind", kind);
    ObjectNode metadata = object.putObject("metadata").put("name", name);
    if (!namespace.isEmpty()) {
      metadata.put("namespace", namespace);
    }
    if (defaults) {
      metadata.putObject("annotations").put("rbac.authorization.kubernetes.io/autoupdate", "true");
      metadata.putObject("labels").put("kubernetes.io/bootstrapping", "rbac-defaults");
    }
    return object;
  }

  private static ObjectNode withRules(ObjectNode role, Rule... rules) {
    var array = role.putArray("rules");
    for (Rule rule : rules) {
      array.add(rule.build().toJson());
    }
    return role;
  }

  private static void label(ObjectNode role, String aggregate) {
    role.withObject("/metadata/labels").put(AGGREGATE_TO + aggregate, "true");
  }
}
