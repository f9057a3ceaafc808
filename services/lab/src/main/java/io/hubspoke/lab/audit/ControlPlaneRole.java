package io.hubspoke.lab.audit;

/** What a control-plane component does with the apiserver, and what its role lets it do. */
interface ControlPlaneRole {
  String LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
  String EVENTS = "/api/v1/namespaces/default/events";
  String ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
  String BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

  /** Sees the component do its work on objects that carry the canary. */
  Verdict works(String canary) throws Exception;

  /** Asks as the component for what is inside and outside of its role. */
  Verdict authorized(Probe component, String server) throws Exception;

  /** The lease of a leader that nobody is. */
  default String lease(String name) {
    return """
    {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"%s"},
     "spec":{"holderIdentity":"audit","leaseDurationSeconds":15}}"""
        .formatted(name);
  }
}
