package io.hubspoke.apiserver.authz;

import static io.hubspoke.apiserver.authz.BootstrapPolicy.READ;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** The default roles and bindings in {@code kube-system} and {@code kube-public}. */
final class NamespacePolicy {
  private static final String SYSTEM = "kube-system";
  private static final String PUBLIC = "kube-public";
  static final String SIGNER = ControllerPolicy.PREFIX + "bootstrap-signer";
  private static final String CLOUD_PROVIDER = ControllerPolicy.PREFIX + "cloud-provider";
  static final String TOKEN_CLEANER = ControllerPolicy.PREFIX + "token-cleaner";

  private NamespacePolicy() {}

  static void addTo(PolicyObjects policy) {
    // Where the real components read how to authenticate callers by the front proxy.
    String reader = "extension-apiserver-authentication-reader";
    policy.namespacedRole(
        SYSTEM,
        reader,
        Rule.on("", "configmaps").named("extension-apiserver-authentication").can(READ));
    ObjectNode readers = policy.namespacedBinding(SYSTEM, "system::" + reader, reader);
    for (String component : List.of("kube-controller-manager", "kube-scheduler")) {
      PolicyObjects.subject(readers, "User", "system:" + component);
      String locking = "system::leader-locking-" + component;
      policy.namespacedRole(
          SYSTEM,
          locking,
          Rule.on("", "configmaps").can("watch"),
          Rule.on("", "configmaps").named(component).can("get", "update"));
      ObjectNode lock = policy.namespacedBinding(SYSTEM, locking, locking);
      PolicyObjects.subject(lock, "User", "system:" + component);
      PolicyObjects.serviceAccount(lock, component);
    }
    policy.namespacedRole(SYSTEM, SIGNER, Rule.on("", "secrets").can(READ));
    policy.namespacedRole(
        SYSTEM, CLOUD_PROVIDER, Rule.on("", "configmaps").can("create", "get", "list", "watch"));
    policy.namespacedRole(
        SYSTEM,
        TOKEN_CLEANER,
        Rule.on("", "secrets").can("delete", "get", "list", "watch"),
        BootstrapPolicy.events());
    policy.namespacedRole(
        PUBLIC,
        SIGNER,
        Rule.on("", "configmaps").can(READ),
        Rule.on("", "configmaps").named("cluster-info").can("update"),
        BootstrapPolicy.events());
    bind(policy, SYSTEM, SIGNER);
    bind(policy, SYSTEM, CLOUD_PROVIDER);
    bind(policy, SYSTEM, TOKEN_CLEANER);
    bind(policy, PUBLIC, SIGNER);
  }

  private static void bind(PolicyObjects policy, String namespace, String role) {
    PolicyObjects.serviceAccount(
        policy.namespacedBinding(namespace, role, role),
        role.substring(ControllerPolicy.PREFIX.length()));
  }
}
