package io.hubspoke.apiserver.authz;

import static io.hubspoke.apiserver.authz.BootstrapPolicy.READ;

import java.util.List;

/** The default cluster roles of components beside nodes and controllers. */
final class ComponentPolicy {
  private ComponentPolicy() {}

  static void addTo(PolicyObjects policy) {
    certificates(policy);
    policy.role(
        "system:auth-delegator",
        Rule.on("authentication.k8s.io", "tokenreviews").can("create"),
        Rule.on("authorization.k8s.io", "subjectaccessreviews").can("create"));
    policy.role(
        "system:kubelet-api-admin",
        Rule.on("", "nodes").can(READ),
        Rule.on("", "nodes").can("proxy"),
        Rule.on("", "nodes/log", "nodes/metrics", "nodes/proxy", "nodes/stats").can("*"));
    policy.role(
        "system:node-problem-detector",
        Rule.on("", "nodes").can("get"),
        Rule.on("", "nodes/status").can("patch"),
        BootstrapPolicy.events());
    policy.role(
        "system:kube-controller-manager",
        BootstrapPolicy.events(),
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
    policy.bind(
        "system:kube-controller-manager",
        "system:kube-controller-manager",
        "User",
        "system:kube-controller-manager");
    policy.role(
        "system:kube-scheduler",
        BootstrapPolicy.events(),
        Rule.on("coordination.k8s.io", "leases").can("create"),
        Rule.on("coordination.k8s.io", "leases").named("kube-scheduler").can("get", "update"),
        Rule.on("", "nodes").can(READ),
        Rule.on("", "pods").can("delete", "get", "list", "watch"),
        Rule.on("", "bindings", "pods/binding").can("create"),
        Rule.on("", "pods/status").can("patch", "update"),
        Rule.on("", "replicationcontrollers", "services").can(READ),
        Rule.on(List.of("apps", "extensions"), "replicasets").can(READ),
        Rule.on("apps", "statefulsets").can(READ),
        Rule.on("policy", "poddisruptionbudgets").can(READ),
        Rule.on("", "persistentvolumeclaims", "persistentvolumes").can(READ),
        Rule.on("authentication.k8s.io", "tokenreviews").can("create"),
        Rule.on("authorization.k8s.io", "subjectaccessreviews").can("create"),
        Rule.on("storage.k8s.io", "csinodes").can(READ),
        Rule.on("", "namespaces").can(READ),
        Rule.on("storage.k8s.io", "csidrivers").can(READ),
        Rule.on("storage.k8s.io", "csistoragecapacities").can(READ));
    policy.bind("system:kube-scheduler", "system:kube-scheduler", "User", "system:kube-scheduler");
    policy.role("system:kube-aggregator", Rule.on("", "endpoints", "services").can(READ));
    policy.role("system:kube-dns", Rule.on("", "endpoints", "services").can("list", "watch"));
    policy.bindServiceAccount("system:kube-dns", "system:kube-dns", "kube-dns");
    policy.role(
        "system:heapster",
        Rule.on("", "events", "namespaces", "nodes", "pods").can(READ),
        Rule.on("extensions", "deployments").can(READ));
    policy.role(
        "system:persistent-volume-provisioner",
        Rule.on("", "persistentvolumes").can("create", "delete", "get", "list", "watch"),
        Rule.on("", "persistentvolumeclaims").can("get", "list", "update", "watch"),
        Rule.on("storage.k8s.io", "storageclasses").can(READ),
        Rule.on("", "events").can("watch"),
        BootstrapPolicy.events());
    policy.role(
        "system:volume-scheduler",
        Rule.on("", "persistentvolumes").can("get", "list", "patch", "update", "watch"),
        Rule.on("storage.k8s.io", "storageclasses").can(READ),
        Rule.on("", "persistentvolumeclaims").can("get", "list", "patch", "update", "watch"));
    policy.bind(
        "system:volume-scheduler", "system:volume-scheduler", "User", "system:kube-scheduler");
  }

  private static void certificates(PolicyObjects policy) {
    String csrs = "certificatesigningrequests";
    for (String kind : List.of("nodeclient", "selfnodeclient")) {
      policy.role(
          "system:certificates.k8s.io:certificatesigningrequests:" + kind,
          Rule.on("certificates.k8s.io", csrs + "/" + kind).can("create"));
    }
    for (String signer :
        List.of(
            "kube-apiserver-client",
            "kube-apiserver-client-kubelet",
            "kubelet-serving",
            "legacy-unknown")) {
      policy.role(
          "system:certificates.k8s.io:" + signer + "-approver",
          Rule.on("certificates.k8s.io", "signers")
              .named("kubernetes.io/" + signer)
              .can("approve"));
    }
  }
}
