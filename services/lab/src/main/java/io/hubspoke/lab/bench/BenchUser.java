package io.hubspoke.lab.bench;

import io.hubspoke.runtime.Component;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.security.SecureRandom;

/**
 * Makes a user of a bootstrap token, with a role that lets it do what the loads do: someone who is
 * authorized by RBAC at each request, and whose credentials {@code hey} can show.
 */
final class BenchUser {
  private static final String ROLE =
      """
      {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
       "metadata": {"name": "hubspoke-bench"},
       "rules": [{"apiGroups": ["", "coordination.k8s.io"], "resources": ["configmaps", "leases"],
                  "verbs": ["get", "list", "watch", "create", "update"]}]}
      """;
  private static final String BINDING =
      """
      {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
       "metadata": {"generateName": "hubspoke-bench-"},
       "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                   "name": "hubspoke-bench"},
       "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User",
                     "name": "system:bootstrap:%s"}]}
      """;
  private static final String SECRET =
      """
      {"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
       "metadata": {"name": "bootstrap-token-%1$s", "namespace": "kube-system"},
       "stringData": {"token-id": "%1$s", "token-secret": "%2$s",
                      "usage-bootstrap-authentication": "true"}}
      """;
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1/";
  private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

  private final Connections admin;

  BenchUser(Connections admin) {
    this.admin = admin;
  }

  /** Returns the token, which the server may know nothing of. */
  String token() throws Exception {
    String id = random(6);
    String secret = random(16);
    post("/api/v1/namespaces/kube-system/secrets", SECRET.formatted(id, secret));
    post(RBAC + "clusterroles", ROLE);
    post(RBAC + "clusterrolebindings", BINDING.formatted(id));
    return id + "." + secret;
  }

  private void post(String collection, String object) throws Exception {
    Component.await(admin.ask(HttpMethod.POST, collection, Buffer.buffer(object)));
  }

  private static String random(int length) {
    var random = new SecureRandom();
    var text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
    }
    return text.toString();
  }
}
