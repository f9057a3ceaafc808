package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.Future;
import java.time.Duration;

/**
 * The account that agents are, and the right of the server to ask whose a token is ("Set up
 * Konnectivity service").
 */
final class KonnectivityAccount {
  static final String NAMESPACE = "kube-system";
  static final String NAME = "konnectivity-agent";

  private static final Duration TOKEN_LIFE = Duration.ofDays(1);
  private static final Resource<ObjectNode> BINDINGS =
      Resource.cluster("rbac.authorization.k8s.io", "v1", "clusterrolebindings", ObjectNode.class);

  private KonnectivityAccount() {}

  /** Makes both; what is there already stays as it is. */
  static Future<Void> create(ApiClient admin) {
    return add(
            admin,
            Resource.SERVICE_ACCOUNTS.tree(),
            NAMESPACE,
            """
            {"apiVersion":"v1","kind":"ServiceAccount",
             "metadata":{"name":"konnectivity-agent","namespace":"kube-system"}}""")
        .compose(
            v ->
                add(
                    admin,
                    BINDINGS,
                    "",
                    """
                    {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding",
                     "metadata":{"name":"system:konnectivity-server"},
                     "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",
                      "name":"system:auth-delegator"},
                     "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User",
                      "name":"system:konnectivity-server"}]}"""));
  }

  private static Future<Void> add(
      ApiClient admin, Resource<ObjectNode> resource, String namespace, String object) {
    return admin
        .create(resource, namespace, Json.parseObject(object.getBytes(UTF_8)))
        .<Void>mapEmpty()
        .recover(
            failure ->
                failure instanceof ApiException refusal && refusal.code() == 409
                    ? Future.succeededFuture()
                    : Future.failedFuture(failure));
  }

  /** Asks for a token that is good for the server alone. */
  static Future<String> token(ApiClient admin) {
    var request =
        Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenRequest");
    var spec = request.putObject("spec").put("expirationSeconds", TOKEN_LIFE.toSeconds());
    spec.putArray("audiences").add(Metadata.AUDIENCE);
    return admin
        .post(Resource.SERVICE_ACCOUNTS, NAMESPACE, NAME, "token", request)
        .map(answer -> answer.path("status").path("token").asText());
  }
}
