package io.hubspoke.apiserver.authz;

import static io.hubspoke.apiserver.authz.BootstrapPolicy.READ;
import static io.hubspoke.apiserver.authz.BootstrapPolicy.WRITE;

import java.util.stream.Stream;

/**
 * The roles for people: {@code admin}, {@code edit} and {@code view}, each within the former and
 * open to more rules by labelled cluster roles ("User-facing roles", "Aggregated ClusterRoles").
 */
final class UserRoles {
  private static final Rule[] VIEW = {
    Rule.on(
            "",
            "configmaps",
            "endpoints",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "serviceaccounts",
            "services",
            "services/status")
        .can(READ),
    Rule.on(
            "",
            "bindings",
            "events",
            "limitranges",
            "namespaces/status",
            "pods/log",
            "pods/status",
            "replicationcontrollers/status",
            "resourcequotas",
            "resourcequotas/status")
        .can(READ),
    Rule.on("", "namespaces").can(READ),
    Rule.on("discovery.k8s.io", "endpointslices").can(READ),
    Rule.on(
            "apps",
            "controllerrevisions",
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "statefulsets",
            "statefulsets/scale",
            "statefulsets/status")
        .can(READ),
    Rule.on("autoscaling", "horizontalpodautoscalers", "horizontalpodautoscalers/status").can(READ),
    Rule.on("batch", "cronjobs", "cronjobs/status", "jobs", "jobs/status").can(READ),
    Rule.on(
            "extensions",
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "ingresses",
            "ingresses/status",
            "networkpolicies",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "replicationcontrollers/scale")
        .can(READ),
    Rule.on("policy", "poddisruptionbudgets", "poddisruptionbudgets/status").can(READ),
    Rule.on("networking.k8s.io", "ingresses", "ingresses/status", "networkpolicies").can(READ)
  };

  private static final Rule[] EDIT = {
    Rule.on(
            "",
            "pods/attach",
            "pods/exec",
            "pods/portforward",
            "pods/proxy",
            "secrets",
            "services/proxy")
        .can(READ),
    Rule.on("", "serviceaccounts").can("impersonate"),
    Rule.on("", "pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy").can(WRITE),
    Rule.on("", "pods/eviction").can("create"),
    Rule.on(
            "",
            "configmaps",
            "events",
            "persistentvolumeclaims",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "secrets",
            "serviceaccounts",
            "services",
            "services/proxy")
        .can(WRITE),
    Rule.on("", "serviceaccounts/token").can("create"),
    Rule.on(
            "apps",
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "replicasets",
            "replicasets/scale",
            "statefulsets",
            "statefulsets/scale")
        .can(WRITE),
    Rule.on("autoscaling", "horizontalpodautoscalers").can(WRITE),
    Rule.on("batch", "cronjobs", "jobs").can(WRITE),
    Rule.on(
            "extensions",
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "ingresses",
            "networkpolicies",
            "replicasets",
            "replicasets/scale",
            "replicationcontrollers/scale")
        .can(WRITE),
    Rule.on("policy", "poddisruptionbudgets").can(WRITE),
    Rule.on("networking.k8s.io", "ingresses", "networkpolicies").can(WRITE),
    Rule.on("coordination.k8s.io", "leases")
        .can("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
  };

  private static final Rule[] ADMIN = {
    Rule.on("authorization.k8s.io", "localsubjectaccessreviews").can("create"),
    Rule.on("rbac.authorization.k8s.io", "rolebindings", "roles")
        .can("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
  };

  private UserRoles() {}

  static void addTo(PolicyObjects policy) {
    policy.roleWithin("admin", "system:aggregate-to-admin", ADMIN);
    policy.roleWithin("edit", "system:aggregate-to-edit", EDIT);
    policy.roleWithin("view", "system:aggregate-to-view", VIEW);
    // In the order in which the aggregation controller would put them, which leaves them alone.
    policy.aggregatingRole("view", "edit", VIEW);
    policy.aggregatingRole("edit", "admin", joined(EDIT, VIEW));
    policy.aggregatingRole("admin", "", joined(EDIT, VIEW, ADMIN));
  }

  private static Rule[] joined(Rule[]... parts) {
    return Stream.of(parts).flatMap(Stream::of).toArray(Rule[]::new);
  }
}
