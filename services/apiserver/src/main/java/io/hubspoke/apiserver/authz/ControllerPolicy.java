package io.hubspoke.apiserver.authz;

import java.util.List;

/**
 * The roles of the controllers, each bound to the controller's service account, as Kubernetes has
 * them for a controller manager that runs with {@code --use-service-account-credentials}.
 */
final class ControllerPolicy {
  private static final String PREFIX = "system:controller:";
  static final List<String> NAMES =
      List.of(
          "certificate-controller",
          "node-controller",
          "namespace-controller",
          "service-account-controller",
          "root-ca-cert-publisher",
          "pod-garbage-collector",
          "generic-garbage-collector",
          "token-cleaner");
  private static final String CSRS = "certificatesigningrequests";
  private static final String CERTIFICATES = "certificates.k8s.io";

  private ControllerPolicy() {}

  static void addTo(BootstrapPolicy policy) {
    controller(
        policy,
        "certificate-controller",
        Rule.on(CERTIFICATES, CSRS).can("delete", "get", "list", "watch"),
        Rule.on(CERTIFICATES, CSRS + "/approval", CSRS + "/status").can("update"),
        Rule.on(CERTIFICATES, "signers")
            .named("kubernetes.io/kube-apiserver-client-kubelet")
            .can("approve"),
        Rule.on(CERTIFICATES, "signers")
            .named(
                "kubernetes.io/kube-apiserver-client",
                "kubernetes.io/kube-apiserver-client-kubelet",
                "kubernetes.io/kubelet-serving",
                "kubernetes.io/legacy-unknown")
            .can("sign"),
        Rule.on("authorization.k8s.io", "subjectaccessreviews").can("create"),
        BootstrapPolicy.events());
    controller(
        policy,
        "node-controller",
        Rule.on("", "nodes").can("delete", "get", "list", "patch", "update"),
        Rule.on("", "nodes/status").can("patch", "update"),
        Rule.on("", "pods/status").can("patch", "update"),
        Rule.on("", "pods").can("delete", "list", "get"),
        BootstrapPolicy.events());
    controller(
        policy,
        "namespace-controller",
        Rule.on("", "namespaces").can("delete", "get", "list", "watch"),
        Rule.on("", "namespaces/finalize", "namespaces/status").can("update"),
        Rule.on("*", "*").can("delete", "deletecollection", "get", "list"));
    controller(
        policy,
        "service-account-controller",
        Rule.on("", "serviceaccounts").can("create"),
        BootstrapPolicy.events());
    controller(
        policy,
        "root-ca-cert-publisher",
        Rule.on("", "configmaps").can("create", "update"),
        BootstrapPolicy.events());
    controller(
        policy,
        "pod-garbage-collector",
        Rule.on("", "pods").can("delete", "list", "watch"),
        Rule.on("", "nodes").can("get", "list"),
        Rule.on("", "pods/status").can("patch"));
    controller(
        policy,
        "generic-garbage-collector",
        Rule.on("*", "*").can("delete", "get", "list", "patch", "update", "watch"),
        BootstrapPolicy.events());
    controller(
        policy,
        "token-cleaner",
        Rule.on("", "secrets").can("delete", "get", "list", "watch"),
        BootstrapPolicy.events());
  }

  private static void controller(BootstrapPolicy policy, String name, Rule... rules) {
    policy.role(PREFIX + name, rules);
    policy.bindServiceAccount(PREFIX + name, PREFIX + name, name);
  }
}
