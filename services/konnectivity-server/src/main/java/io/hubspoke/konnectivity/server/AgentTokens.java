package io.hubspoke.konnectivity.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.konnectivity.server.AgentListenerOptions.TokenAuthentication;
import io.hubspoke.runtime.Component;
import io.hubspoke.tunnel.konnectivity.GrpcException;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the apiserver by TokenReview whether an agent's token is that of the service account. */
final class AgentTokens {
  private static final Logger LOG = LoggerFactory.getLogger(AgentTokens.class);
  private static final Resource<ObjectNode> REVIEWS =
      Resource.cluster("authentication.k8s.io", "v1", "tokenreviews", ObjectNode.class);
  private static final String SCHEME = "Bearer ";

  private final ApiClient client;
  private final TokenAuthentication expected;

  AgentTokens(ApiClient client, TokenAuthentication expected) {
    this.client = client;
    this.expected = expected;
  }

  /** Fails with what the agent is told when it is not the one expected. */
  Future<Void> check(MultiMap headers) {
    List<String> shown = headers.getAll(Metadata.AUTHORIZATION);
    if (shown.isEmpty()) {
      return refused("Authentication context was not found in metadata");
    }
    if (shown.size() > 1) {
      return refused("too many (%d) tokens are received".formatted(shown.size()));
    }
    if (!shown.getFirst().startsWith(SCHEME)) {
      return refused("received token does not have \"Bearer \" prefix");
    }
    ObjectNode review =
        Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenReview");
    review
        .putObject("spec")
        .put("token", shown.getFirst().substring(SCHEME.length()))
        .putArray("audiences")
        .add(expected.audience());
    return client
        .create(REVIEWS, "", review)
        .compose(
            this::judge,
            e -> {
              LOG.warn("an agent's token could not be checked: {}", Component.reason(e));
              // What is wrong between server and apiserver is not the agent's to know.
              return invalid("Failed to authenticate request");
            });
  }

  private Future<Void> judge(ObjectNode answer) {
    JsonNode status = answer.path("status");
    String error = status.path("error").asText();
    if (!error.isEmpty()) {
      return invalid("lookup failed: " + error);
    }
    if (!status.path("authenticated").asBoolean()) {
      return invalid("lookup failed: service account jwt not valid");
    }
    // An apiserver that knows nothing of audiences names none: then nobody has checked it.
    if (!contains(status.path("audiences"), expected.audience())) {
      return invalid("lookup failed: the token is not for this audience");
    }
    String[] user = status.path("user").path("username").asText().split(":", -1);
    if (user.length != 4) {
      return invalid("lookup failed: unexpected username format");
    }
    if (!user[0].equals("system") || !user[1].equals("serviceaccount")) {
      return invalid("lookup failed: username returned is not a service account");
    }
    if (!user[2].equals(expected.namespace())) {
      return invalid(
          "lookup failed: incoming request from \"%s\" namespace. Expected \"%s\""
              .formatted(user[2], expected.namespace()));
    }
    if (!user[3].equals(expected.serviceAccount())) {
      return invalid(
          "lookup failed: incoming request from \"%s\" service account. Expected \"%s\""
              .formatted(user[3], expected.serviceAccount()));
    }
    return Future.succeededFuture();
  }

  private static boolean contains(JsonNode texts, String text) {
    for (JsonNode each : texts) {
      if (each.asText().equals(text)) {
        return true;
      }
    }
    return false;
  }

  private static Future<Void> invalid(String reason) {
    return refused("Failed to validate authentication token, err:" + reason);
  }

  private static Future<Void> refused(String reason) {
    return Future.failedFuture(new GrpcException(GrpcException.UNKNOWN, reason));
  }
}
