package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.util.ArrayList;
import java.util.List;

/**
 * The cluster roles, roles and bindings that an apiserver makes at start-up, with Kubernetes' names
 * and rules ("Default roles and role bindings"). Each object has its {@code kind}.
 */
public final class BootstrapPolicy {
  static final String GROUP = "rbac.authorization.k8s.io";
  static final String[] READ = {"get", "list", "watch"};
  static final String[] WRITE = {"create", "delete", "deletecollection", "patch", "update"};

  private final List<ObjectNode> objects = new ArrayList<>();

  private BootstrapPolicy() {}

  /** Returns the objects that every apiserver reconciles. */
  public static List<ObjectNode> objects() {
    BootstrapPolicy policy = new BootstrapPolicy();
    policy.users();
    policy.nodes();
    policy.components();
    policy.certificates();
    ControllerPolicy.addTo(policy);
    UserRoles.addTo(policy);
    return policy.objects;
  }

  /**
   * Returns the objects that an installer adds: kubeadm's, so that nodes can join by token and get
   * their certificates approved, and the controllers' roles for a controller manager that runs with
   * its own credentials ("Controller roles").
   */
  public static List<ObjectNode> installerObjects() {
    BootstrapPolicy policy = new BootstrapPolicy();
    for (String controller : ControllerPolicy.NAMES) {
      policy.bindPlain(
          "kube-controller-manager:" + controller,
          "system:controller:" + controller,
          "User",
          "system:kube-controller-manager");
    }
    policy.bindPlain(
        "kube-controller-manager:kubelet-serving-approver",
        "system:certificates.k8s.io:kubelet-serving-approver",
        "User",
        "system:kube-controller-manager");
    policy.bindPlain("kubeadm:cluster-admins", "cluster-admin", "Group", "kubeadm:cluster-admins");
    policy.bindPlain(
        "kubeadm:kubelet-bootstrap", "system:node-bootstrapper", "Group", "system:bootstrappers");
    policy.bindPlain(
        "kubeadm:node-autoapprove-bootstrap",
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        "Group",
        "system:bootstrappers");
    policy.bindPlain(
        "kubeadm:node-autoapprove-certificate-rotation",
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        "Group",
        "system:nodes");
    ObjectNode proxier = binding("kubeadm:node-proxier", "system:node-proxier");
    proxier
        .withArray("subjects")
        .addObject()
        .put("kind", "ServiceAccount")
        .put("name", "kube-proxy")
        .put("namespace", "kube-system");
    policy.objects.add(proxier);
    return policy.objects;
  }

  /** Returns what every node may do, of resources that the Node authorizer does not divide. */
  public static List<PolicyRule> nodeRules() {
    List<PolicyRule> rules = new ArrayList<>();
    for (Rule rule : nodeRuleList()) {
      rules.add(rule.build());
    }
    return rules;
  }

  private void users() {
    role("cluster-admin", Rule.on("*", "*").can("*"), Rule.urls("*").can("*"));
    bind("cluster-admin", "cluster-admin", "Group", "system:masters");
    role(
        "system:discovery",
        Rule.urls(
                "/api",
                "/api/*",
                "/apis",
                "/apis/*",
                "/healthz",
                "/livez",
                "/openapi",
                "/openapi/*",
                "/readyz",
                "/version",
                "/version/")
            .can("get"));
    bind("system:discovery", "system:discovery", "Group", "system:authenticated");
    role(
        "system:public-info-viewer",
        Rule.urls("/healthz", "/livez", "/readyz", "/version", "/version/").can("get"));
    bind(
        "system:public-info-viewer",
        "system:public-info-viewer",
        "Group",
        "system:authenticated",
        "system:unauthenticated");
    role(
        "system:basic-user",
        Rule.on("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectrulesreviews")
            .can("create"),
        Rule.on("authentication.k8s.io", "selfsubjectreviews").can("create"));
    bind("system:basic-user", "system:basic-user", "Group", "system:authenticated");
    role(
        "system:monitoring",
        Rule.urls(
                "/healthz",
                "/healthz/*",
                "/livez",
                "/livez/*",
                "/metrics",
                "/metrics/slis",
                "/readyz",
                "/readyz/*")
            .can("get"));
    bind("system:monitoring", "system:monitoring", "Group", "system:monitoring");
    role(
        "system:service-account-issuer-discovery",
        Rule.urls(
                "/.well-known/openid-configuration",
                "/.well-known/openid-configuration/",
                "/openid/v1/jwks",
                "/openid/v1/jwks/")
            .can("get"));
    bind(
        "system:service-account-issuer-discovery",
        "system:service-account-issuer-discovery",
        "Group",
        "system:serviceaccounts");
    role(
        "system:auth-delegator",
        Rule.on("authentication.k8s.io", "tokenreviews").can("create"),
        Rule.on("authorization.k8s.io", "subjectaccessreviews").can("create"));
  }

  private void nodes() {
    // The binding has no subjects since nodes are authorized one by one, by the Node authorizer.
    role("system:node", nodeRuleList());
    objects.add(labelled(binding("system:node", "system:node")));
    role(
        "system:node-bootstrapper",
        Rule.on("certificates.k8s.io", "certificatesigningrequests")
            .can("create", "get", "list", "watch"));
    role(
        "system:node-proxier",
        Rule.on("", "services", "endpoints").can("list", "watch"),
        Rule.on("", "nodes").can(READ),
        events(),
        Rule.on("discovery.k8s.io", "endpointslices").can("list", "watch"),
        Rule.on("networking.k8s.io", "servicecidrs").can("list", "watch"));
    bind("system:node-proxier", "system:node-proxier", "User", "system:kube-proxy");
    role(
        "system:kubelet-api-admin",
        Rule.on("", "nodes").can(READ),
        Rule.on("", "nodes").can("proxy"),
        Rule.on("", "nodes/log", "nodes/metrics", "nodes/proxy", "nodes/stats").can("*"));
    role(
        "system:node-problem-detector",
        Rule.on("", "nodes").can("get"),
        Rule.on("", "nodes/status").can("patch"),
        events());
  }

  private static Rule[] nodeRuleList() {
    return new Rule[] {
      Rule.on("authentication.k8s.io", "tokenreviews").can("create"),
      Rule.on("authorization.k8s.io", "localsubjectaccessreviews", "subjectaccessreviews")
          .can("create"),
      Rule.on("", "services").can(READ),
      Rule.on("", "nodes").can("create", "get", "list", "watch"),
      Rule.on("", "nodes/status").can("patch", "update"),
      Rule.on("", "nodes").can("patch", "update"),
      events(),
      Rule.on("", "pods").can(READ),
      Rule.on("", "pods").can("create", "delete"),
      Rule.on("", "pods/status").can("patch", "update"),
      Rule.on("", "pods/eviction").can("create"),
      Rule.on("", "configmaps", "secrets").can(READ),
      Rule.on("", "persistentvolumeclaims", "persistentvolumes").can("get"),
      Rule.on("", "endpoints").can("get"),
      Rule.on("certificates.k8s.io", "certificatesigningrequests")
          .can("create", "get", "list", "watch"),
      Rule.on("coordination.k8s.io", "leases").can("create", "delete", "get", "patch", "update"),
      Rule.on("storage.k8s.io", "volumeattachments").can("get"),
      Rule.on("", "serviceaccounts/token").can("create"),
      Rule.on("", "persistentvolumeclaims/status").can("get", "patch", "update"),
      Rule.on("storage.k8s.io", "csidrivers").can(READ),
      Rule.on("storage.k8s.io", "csinodes").can("create", "delete", "get", "patch", "update"),
      Rule.on("node.k8s.io", "runtimeclasses").can(READ)
    };
  }

  private void components() {
    role(
        "system:kube-controller-manager",
        events(),
        Rule.on("coordination.k8s.io", "leases").can("create"),
        Rule.on("coordination.k8s.io", "leases")
            .named("kube-controller-manager")
            .can("get", "update"),
        Rule.on("", "secrets", "serviceaccounts").can("create"),
        Rule.on("", "secrets").can("delete"),
        Rule.on("", "configmaps", "namespaces", "secrets", "serviceaccounts").can("get"),
        Rule.on("", "secrets", "serviceaccounts").can("update"),
        Rule.on("authentication.k8s.io", "tokenreviews").can("create"),
        Rule.on("authorization.k8s.io", "subjectaccessreviews").can("create"),
        Rule.on("*", "*").can("list", "watch"),
        Rule.on("", "serviceaccounts/token").can("create"));
    bind(
        "system:kube-controller-manager",
        "system:kube-controller-manager",
        "User",
        "system:kube-controller-manager");
    role(
        "system:kube-scheduler",
        events(),
        Rule.on("coordination.k8s.io", "leases").can("create"),
        Rule.on("coordination.k8s.io", "leases").named("kube-scheduler").can("get", "update"),
        Rule.on("coordination.k8s.io", "leasecandidates")
            .can("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
        Rule.on("", "nodes").can(READ),
        Rule.on("", "pods").can("delete", "get", "list", "watch"),
        Rule.on("", "bindings", "pods/binding").can("create"),
        Rule.on("", "pods/status").can("patch", "update"),
        Rule.on("", "replicationcontrollers", "services").can(READ),
        Rule.on("apps", "replicasets").can(READ),
        Rule.on("extensions", "replicasets").can(READ),
        Rule.on("apps", "statefulsets").can(READ),
        Rule.on("policy", "poddisruptionbudgets").can(READ),
        Rule.on("", "persistentvolumeclaims", "persistentvolumes").can(READ),
        Rule.on("authentication.k8s.io", "tokenreviews").can("create"),
        Rule.on("authorization.k8s.io", "subjectaccessreviews").can("create"),
        Rule.on("storage.k8s.io", "csinodes").can(READ),
        Rule.on("", "namespaces").can(READ),
        Rule.on("storage.k8s.io", "csidrivers").can(READ),
        Rule.on("storage.k8s.io", "csistoragecapacities").can(READ));
    bind("system:kube-scheduler", "system:kube-scheduler", "User", "system:kube-scheduler");
    // Where the real components read how to authenticate callers by the front proxy.
    objects.add(
        labelled(
            namespacedRole(
                "kube-system",
                "extension-apiserver-authentication-reader",
                Rule.on("", "configmaps").named("extension-apiserver-authentication").can(READ))));
    objects.add(
        labelled(
            namespacedBinding(
                "kube-system",
                "system::extension-apiserver-authentication-reader",
                "extension-apiserver-authentication-reader",
                "system:kube-controller-manager",
                "system:kube-scheduler")));
  }

  private void certificates() {
    String csrs = "certificatesigningrequests";
    for (String kind : List.of("nodeclient", "selfnodeclient", "selfnodeserver")) {
      role(
          "system:certificates.k8s.io:certificatesigningrequests:" + kind,
          Rule.on("certificates.k8s.io", csrs + "/" + kind).can("create"));
    }
    for (String signer :
        List.of(
            "kube-apiserver-client",
            "kube-apiserver-client-kubelet",
            "kubelet-serving",
            "legacy-unknown")) {
      role(
          "system:certificates.k8s.io:" + signer + "-approver",
          Rule.on("certificates.k8s.io", "signers")
              .named("kubernetes.io/" + signer)
              .can("approve"));
    }
  }

  static Rule events() {
    return Rule.on(List.of("", "events.k8s.io"), "events").can("create", "patch", "update");
  }

  void role(String name, Rule... rules) {
    ObjectNode role = object("ClusterRole", name);
    var array = role.putArray("rules");
    for (Rule rule : rules) {
      array.add(rule.build().toJson());
    }
    objects.add(labelled(role));
  }

  void bind(String name, String role, String subjectKind, String... subjects) {
    objects.add(labelled(bindingOf(name, role, subjectKind, subjects)));
  }

  void bindServiceAccount(String name, String role, String account) {
    ObjectNode binding = binding(name, role);
    binding
        .withArray("subjects")
        .addObject()
        .put("kind", "ServiceAccount")
        .put("name", account)
        .put("namespace", "kube-system");
    objects.add(labelled(binding));
  }

  private void bindPlain(String name, String role, String subjectKind, String... subjects) {
    objects.add(bindingOf(name, role, subjectKind, subjects));
  }

  private static ObjectNode bindingOf(
      String name, String role, String subjectKind, String... subjects) {
    ObjectNode binding = binding(name, role);
    for (String subject : subjects) {
      binding
          .withArray("subjects")
          .addObject()
          .put("apiGroup", GROUP)
          .put("kind", subjectKind)
          .put("name", subject);
    }
    return binding;
  }

  private static ObjectNode binding(String name, String role) {
    ObjectNode binding = object("ClusterRoleBinding", name);
    binding
        .putObject("roleRef")
        .put("apiGroup", GROUP)
        .put("kind", "ClusterRole")
        .put("name", role);
    return binding;
  }

  private static ObjectNode namespacedRole(String namespace, String name, Rule... rules) {
    ObjectNode role = object("Role", name);
    role.withObject("/metadata").put("namespace", namespace);
    var array = role.putArray("rules");
    for (Rule rule : rules) {
      array.add(rule.build().toJson());
    }
    return role;
  }

  private static ObjectNode namespacedBinding(
      String namespace, String name, String role, String... users) {
    ObjectNode binding = object("RoleBinding", name);
    binding.withObject("/metadata").put("namespace", namespace);
    binding.putObject("roleRef").put("apiGroup", GROUP).put("kind", "Role").put("name", role);
    for (String user : users) {
      binding
          .withArray("subjects")
          .addObject()
          .put("apiGroup", GROUP)
          .put("kind", "User")
          .put("name", user);
    }
    return binding;
  }

  private static ObjectNode object(String kind, String name) {
    ObjectNode object = Json.object().put("apiVersion", GROUP + "/v1").put("kind", kind);
    object.putObject("metadata").put("name", name);
    return object;
  }

  private static ObjectNode labelled(ObjectNode object) {
    ObjectNode metadata = object.withObject("/metadata");
    metadata.putObject("annotations").put("rbac.authorization.kubernetes.io/autoupdate", "true");
    metadata.putObject("labels").put("kubernetes.io/bootstrapping", "rbac-defaults");
    return object;
  }
}
