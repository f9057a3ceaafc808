package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * The cluster roles, roles and bindings that an apiserver makes at start-up, with Kubernetes' names
 * and rules ("Default roles and role bindings"). Each object has its {@code kind}.
 */
public final class BootstrapPolicy {
  static final String[] READ = {"get", "list", "watch"};
  static final String[] WRITE = {"create", "delete", "deletecollection", "patch", "update"};

  private BootstrapPolicy() {}

  /** Returns the objects that every apiserver reconciles. */
  public static List<ObjectNode> objects() {
    PolicyObjects policy = new PolicyObjects(true);
    users(policy);
    nodes(policy);
    ComponentPolicy.addTo(policy);
    ControllerPolicy.addTo(policy);
    NamespacePolicy.addTo(policy);
    UserRoles.addTo(policy);
    return policy.list();
  }

  /**
   * Returns the objects that an installer adds: kubeadm's, so that nodes can join by token and get
   * their certificates approved, and the controllers' roles for a controller manager that runs with
   * its own credentials ("Controller roles").
   */
  public static List<ObjectNode> installerObjects() {
    PolicyObjects policy = new PolicyObjects(false);
    String manager = "system:kube-controller-manager";
    for (String controller : ControllerPolicy.ownNames()) {
      policy.bind(
          "kube-controller-manager:" + controller,
          ControllerPolicy.PREFIX + controller,
          "User",
          manager);
    }
    PolicyObjects.subject(
        policy.namespacedBinding(
            "kube-system", "kube-controller-manager:token-cleaner", NamespacePolicy.TOKEN_CLEANER),
        "User",
        manager);
    for (String namespace : List.of("kube-public", "kube-system")) {
      PolicyObjects.subject(
          policy.namespacedBinding(
              namespace, "kube-controller-manager:bootstrap-signer", NamespacePolicy.SIGNER),
          "User",
          manager);
    }
    policy.bind(
        "kube-controller-manager:kubelet-serving-approver",
        "system:certificates.k8s.io:kubelet-serving-approver",
        "User",
        manager);
    policy.bind("kubeadm:cluster-admins", "cluster-admin", "Group", "kubeadm:cluster-admins");
    // Who may scrape the apiserver may scrape kubelets, whose paths are resources.
    String kubeletMetrics = "hubspoke:kubelet-metrics";
    policy.role(kubeletMetrics, Rule.on("", "nodes/metrics").can("get"));
    policy.bind(kubeletMetrics, kubeletMetrics, "Group", "system:monitoring");
    policy.role("kubeadm:get-nodes", Rule.on("", "nodes").can("get"));
    policy.bind("kubeadm:get-nodes", "kubeadm:get-nodes", "Group", "system:bootstrappers");
    policy.bind(
        "kubeadm:kubelet-bootstrap", "system:node-bootstrapper", "Group", "system:bootstrappers");
    String approved = "system:certificates.k8s.io:certificatesigningrequests:";
    policy.bind(
        "kubeadm:node-autoapprove-bootstrap",
        approved + "nodeclient",
        "Group",
        "system:bootstrappers");
    policy.bind(
        "kubeadm:node-autoapprove-certificate-rotation",
        approved + "selfnodeclient",
        "Group",
        "system:nodes");
    // What a node reads before it knows whom to trust, and what it is told once it does.
    String clusterInfo = "kubeadm:bootstrap-signer-clusterinfo";
    policy.namespacedRole(
        "kube-public", clusterInfo, Rule.on("", "configmaps").named("cluster-info").can("get"));
    PolicyObjects.subject(
        policy.namespacedBinding("kube-public", clusterInfo, clusterInfo),
        "User",
        "system:anonymous");
    String kubeletConfig = "kubeadm:kubelet-config";
    policy.namespacedRole(
        "kube-system", kubeletConfig, Rule.on("", "configmaps").named("kubelet-config").can("get"));
    ObjectNode readers = policy.namespacedBinding("kube-system", kubeletConfig, kubeletConfig);
    PolicyObjects.subject(readers, "Group", "system:nodes");
    PolicyObjects.subject(readers, "Group", "system:bootstrappers");
    return policy.list();
  }

  /** Returns what every node may do, of resources that the Node authorizer does not divide. */
  public static List<PolicyRule> nodeRules() {
    List<PolicyRule> rules = new ArrayList<>();
    for (Rule rule : nodeRuleList()) {
      rules.add(rule.build());
    }
    return rules;
  }

  private static void users(PolicyObjects policy) {
    policy.role("cluster-admin", Rule.on("*", "*").can("*"), Rule.urls("*").can("*"));
    policy.bind("cluster-admin", "cluster-admin", "Group", "system:masters");
    policy.role(
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
    policy.bind("system:discovery", "system:discovery", "Group", "system:authenticated");
    policy.role(
        "system:public-info-viewer",
        Rule.urls("/healthz", "/livez", "/readyz", "/version", "/version/").can("get"));
    policy.bind(
        "system:public-info-viewer",
        "system:public-info-viewer",
        "Group",
        "system:authenticated",
        "system:unauthenticated");
    policy.role(
        "system:basic-user",
        Rule.on("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectrulesreviews")
            .can("create"),
        Rule.on("authentication.k8s.io", "selfsubjectreviews").can("create"));
    policy.bind("system:basic-user", "system:basic-user", "Group", "system:authenticated");
    policy.role(
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
    policy.bind("system:monitoring", "system:monitoring", "Group", "system:monitoring");
    policy.role(
        "system:service-account-issuer-discovery",
        Rule.urls(
                "/.well-known/openid-configuration",
                "/.well-known/openid-configuration/",
                "/openid/v1/jwks",
                "/openid/v1/jwks/")
            .can("get"));
    policy.bind(
        "system:service-account-issuer-discovery",
        "system:service-account-issuer-discovery",
        "Group",
        "system:serviceaccounts");
  }

  private static void nodes(PolicyObjects policy) {
    // The binding has no subjects since nodes are authorized one by one, by the Node authorizer.
    policy.role("system:node", nodeRuleList());
    policy.bind("system:node", "system:node", "Group");
    policy.role(
        "system:node-bootstrapper",
        Rule.on("certificates.k8s.io", "certificatesigningrequests")
            .can("create", "get", "list", "watch"));
    policy.role(
        "system:node-proxier",
        Rule.on("", "services", "endpoints").can("list", "watch"),
        Rule.on("", "nodes").can(READ),
        events(),
        Rule.on("discovery.k8s.io", "endpointslices").can("list", "watch"),
        Rule.on("networking.k8s.io", "servicecidrs").can("list", "watch"));
    policy.bind("system:node-proxier", "system:node-proxier", "User", "system:kube-proxy");
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

  static Rule events() {
    return Rule.on(List.of("", "events.k8s.io"), "events").can("create", "patch", "update");
  }
}
