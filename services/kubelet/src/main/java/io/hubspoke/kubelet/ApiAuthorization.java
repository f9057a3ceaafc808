package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.ApiAuthentication.Caller;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Says whether a caller may do what it asks of the kubelet's API: always, or as the apiserver
 * answers a SubjectAccessReview about the {@code nodes} resource (Kubernetes documentation,
 * "Kubelet authentication/authorization").
 */
final class ApiAuthorization {
  private static final Duration ALLOWED_FOR = Duration.ofMinutes(5);
  private static final Duration DENIED_FOR = Duration.ofSeconds(30);
  private static final int MAX_REMEMBERED = 1024;

  private static final Resource<ObjectNode> REVIEWS =
      Resource.cluster("authorization.k8s.io", "v1", "subjectaccessreviews", ObjectNode.class);

  /** What is asked: a verb on a subresource of the node. */
  record Question(Caller caller, String verb, String subresource) {}

  private record Answer(boolean allowed, long until) {}

  private final KubeletOptions options;
  private final Supplier<ApiClient> client;
  private final Map<Question, Answer> remembered =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, Answer> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  /**
   * Makes an authorizer.
   *
   * @param client gives null while there is no connection to the apiserver yet
   */
  ApiAuthorization(KubeletOptions options, Supplier<ApiClient> client) {
    this.options = options;
    this.client = client;
  }

  /** Maps a request to what must be allowed. */
  static Question question(Caller caller, HttpMethod method, String path) {
    String verb =
        switch (method.name()) {
          case "POST" -> "create";
          case "PUT" -> "update";
          case "PATCH" -> "patch";
          case "DELETE" -> "delete";
          default -> "get";
        };
    String subresource =
        path.startsWith("/stats")
            ? "stats"
            : path.startsWith("/metrics") ? "metrics" : path.startsWith("/logs") ? "log" : "proxy";
    return new Question(caller, verb, subresource);
  }

  /** Decides; waits for the apiserver if need be. Nobody is let in while it can't be asked. */
  boolean allows(Question question) {
    return switch (options.authorizationMode()) {
      case ALWAYS_ALLOW -> true;
      case WEBHOOK -> reviewed(question);
    };
  }

  private boolean reviewed(Question question) {
    synchronized (remembered) {
      Answer answer = remembered.get(question);
      if (answer != null && answer.until - System.nanoTime() > 0) {
        return answer.allowed;
      }
    }
    ApiClient connected = client.get();
    if (connected == null) {
      return false;
    }
    ObjectNode review =
        Json.object()
            .put("apiVersion", "authorization.k8s.io/v1")
            .put("kind", "SubjectAccessReview");
    ObjectNode spec = review.putObject("spec").put("user", question.caller.name());
    question.caller.groups().forEach(spec.putArray("groups")::add);
    spec.putObject("resourceAttributes")
        .put("verb", question.verb)
        .put("version", "v1")
        .put("resource", "nodes")
        .put("subresource", question.subresource)
        .put("name", options.nodeName());
    boolean allowed =
        connected.create(REVIEWS, "", review).await().path("status").path("allowed").asBoolean();
    Duration keep = allowed ? ALLOWED_FOR : DENIED_FOR;
    synchronized (remembered) {
      remembered.remove(question);
      remembered.put(question, new Answer(allowed, System.nanoTime() + keep.toNanos()));
    }
    return allowed;
  }
}
