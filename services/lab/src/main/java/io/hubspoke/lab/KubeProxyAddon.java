package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.kubeproxy.ProxyMode;
import io.hubspoke.lab.images.KubeProxies;
import io.hubspoke.pki.Kubeconfig;
import io.vertx.core.Future;

/**
 * The objects by which kube-proxy runs on every node, as kubeadm makes them ("kubeadm
 * implementation details", proxy): a service account, its binding to {@code system:node-proxier}, a
 * ConfigMap with its configuration and where the apiserver is, and a DaemonSet. What only the
 * iptables mode needs (the host's modules and lock, privileges) is left out.
 *
 * @param cluster the apiserver as nodes know it
 * @param clusterCidr the addresses of pods
 * @param mode how services are forwarded
 */
record KubeProxyAddon(Kubeconfig.Cluster cluster, String clusterCidr, ProxyMode mode) {
  static final String NAME = "kube-proxy";
  static final String NAMESPACE = "kube-system";

  /** Where its pods find the ConfigMap. */
  static final String CONFIGURATION = "/var/lib/kube-proxy/config.conf";

  private static final String RBAC = "rbac.authorization.k8s.io";
  private static final Resource<ObjectNode> DAEMON_SETS =
      Resource.namespaced("apps", "v1", "daemonsets", ObjectNode.class);
  private static final Resource<ObjectNode> CLUSTER_ROLE_BINDINGS =
      Resource.cluster(RBAC, "v1", "clusterrolebindings", ObjectNode.class);
  private static final Resource<ObjectNode> ROLES =
      Resource.namespaced(RBAC, "v1", "roles", ObjectNode.class);
  private static final Resource<ObjectNode> ROLE_BINDINGS =
      Resource.namespaced(RBAC, "v1", "rolebindings", ObjectNode.class);

  /** Makes them all; what is there already stays as it is. */
  Future<Void> create(ApiClient admin) {
    return add(admin, Resource.SERVICE_ACCOUNTS.tree(), serviceAccount())
        .compose(v -> add(admin, CLUSTER_ROLE_BINDINGS, binding()))
        .compose(v -> add(admin, Resource.CONFIG_MAPS.tree(), configMap()))
        .compose(v -> add(admin, ROLES, joinersRole()))
        .compose(v -> add(admin, ROLE_BINDINGS, joinersBinding()))
        .compose(v -> add(admin, DAEMON_SETS, daemonSet()));
  }

  private static Future<Void> add(
      ApiClient admin, Resource<ObjectNode> resource, ObjectNode object) {
    return admin
        .create(resource, resource.namespaced() ? NAMESPACE : "", object)
        .<Void>mapEmpty()
        .recover(
            failure ->
                failure instanceof ApiException refusal && refusal.code() == 409
                    ? Future.succeededFuture()
                    : Future.failedFuture(failure));
  }

  private static ObjectNode serviceAccount() {
    return object(
        """
        {"apiVersion":"v1","kind":"ServiceAccount",
         "metadata":{"name":"kube-proxy","namespace":"kube-system"}}""");
  }

  private static ObjectNode binding() {
    return object(
        """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding",
         "metadata":{"name":"kubeadm:node-proxier"},
         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",
          "name":"system:node-proxier"},
         "subjects":[
          {"kind":"ServiceAccount","name":"kube-proxy","namespace":"kube-system"}]}""");
  }

  /** Whoever joins may read the configuration. */
  private static ObjectNode joinersRole() {
    return object(
        """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role",
         "metadata":{"name":"kube-proxy","namespace":"kube-system"},
         "rules":[{"apiGroups":[""],"resources":["configmaps"],
          "resourceNames":["kube-proxy"],"verbs":["get"]}]}""");
  }

  private static ObjectNode joinersBinding() {
    return object(
        """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding",
         "metadata":{"name":"kube-proxy","namespace":"kube-system"},
         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"kube-proxy"},
         "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group",
          "name":"system:bootstrappers:kubeadm:default-node-token"}]}""");
  }

  private ObjectNode configMap() {
    var map =
        object(
            """
            {"apiVersion":"v1","kind":"ConfigMap",
             "metadata":{"name":"kube-proxy","namespace":"kube-system",
              "labels":{"app":"kube-proxy"}}}""");
    map.putObject("data").put("config.conf", configuration()).put("kubeconfig.conf", kubeconfig());
    return map;
  }

  private String configuration() {
    return """
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    bindAddress: 0.0.0.0
    bindAddressHardFail: false
    clientConnection:
      acceptContentTypes: ""
      burst: 0
      contentType: ""
      kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
      qps: 0
    clusterCIDR: %s
    healthzBindAddress: ""
    hostnameOverride: ""
    metricsBindAddress: "%s"
    mode: %s
    nodePortAddresses: null
    """
        .formatted(clusterCidr, mode == ProxyMode.NFTABLES ? "127.0.0.1:10249" : "", mode.value())
        .strip();
  }

  private String kubeconfig() {
    return """
    apiVersion: v1
    kind: Config
    clusters:
    - cluster:
        %s
        server: %s
      name: default
    contexts:
    - context:
        cluster: default
        namespace: default
        user: default
      name: default
    current-context: default
    users:
    - name: default
      user:
        tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
    """
        .formatted(
            cluster.insecureSkipTlsVerify()
                ? "insecure-skip-tls-verify: true"
                : "certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
            cluster.server())
        .strip();
  }

  private static ObjectNode daemonSet() {
    return object(
        """
        {"apiVersion":"apps/v1","kind":"DaemonSet",
         "metadata":{"name":"kube-proxy","namespace":"kube-system",
          "labels":{"k8s-app":"kube-proxy"}},
         "spec":{
          "selector":{"matchLabels":{"k8s-app":"kube-proxy"}},
          "updateStrategy":{"type":"RollingUpdate"},
          "template":{
           "metadata":{"labels":{"k8s-app":"kube-proxy"}},
           "spec":{
            "priorityClassName":"system-node-critical",
            "containers":[{
             "name":"kube-proxy",
             "image":"%s",
             "imagePullPolicy":"IfNotPresent",
             "command":["%s","--config=%s","--hostname-override=$(NODE_NAME)"],
             "volumeMounts":[{"mountPath":"/var/lib/kube-proxy","name":"kube-proxy"}],
             "env":[{"name":"NODE_NAME",
              "valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}}]}],
            "hostNetwork":true,
            "serviceAccountName":"kube-proxy",
            "volumes":[{"name":"kube-proxy","configMap":{"name":"kube-proxy"}}],
            "tolerations":[{"operator":"Exists"}],
            "nodeSelector":{"kubernetes.io/os":"linux"}}}}}"""
            .formatted(KubeProxies.IMAGE, KubeProxies.ENTRYPOINT, CONFIGURATION));
  }

  private static ObjectNode object(String json) {
    return Json.parseObject(json.getBytes(UTF_8));
  }
}
