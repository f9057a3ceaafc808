package io.hubspoke.kubelet.server;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.delegation.Caller;
import io.hubspoke.client.delegation.SubjectAccessReviews;
import io.hubspoke.client.delegation.SubjectAccessReviews.Attributes.OfResource;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says whether a caller may do what it asks of the kubelet's API: always, or as the apiserver
 * answers a SubjectAccessReview about the {@code nodes} resource (Kubernetes documentation,
 * "Kubelet authentication/authorization", with the fine-grained subresources that 1.33 has on).
 */
final class ApiAuthorization {
  private static final Logger LOG = LoggerFactory.getLogger(ApiAuthorization.class);

  private final String nodeName;
  private final AuthorizationMode mode;
  private final SubjectAccessReviews reviews;

  /**
   * Makes an authorizer.
   *
   * @param client gives null while there is no connection to the apiserver yet
   */
  ApiAuthorization(String nodeName, ServerOptions options, Supplier<ApiClient> client) {
    this.nodeName = nodeName;
    this.mode = options.authorizationMode();
    this.reviews =
        new SubjectAccessReviews(options.authorizedTtl(), options.unauthorizedTtl(), client);
  }

  /** Returns the verb on {@code nodes} that a method stands for; empty for one that has none. */
  static String verb(HttpMethod method) {
    return switch (method.name()) {
      case "POST" -> "create";
      case "GET" -> "get";
      case "PUT" -> "update";
      case "PATCH" -> "patch";
      case "DELETE" -> "delete";
      default -> "";
    };
  }

  /** Returns the subresources any one of which lets a caller at the path, in order of asking. */
  static List<String> subresources(String path) {
    if (under(path, "/pods") || under(path, "/runningpods")) {
      return List.of("pods", "proxy");
    }
    if (under(path, "/healthz")) {
      return List.of("healthz", "proxy");
    }
    if (under(path, "/configz")) {
      return List.of("configz", "proxy");
    }
    if (under(path, "/stats")) {
      return List.of("stats");
    }
    if (under(path, "/metrics")) {
      return List.of("metrics");
    }
    if (under(path, "/logs")) {
      return List.of("log");
    }
    if (under(path, "/checkpoint")) {
      return List.of("checkpoint");
    }
    return List.of("proxy");
  }

  private static boolean under(String path, String root) {
    return path.startsWith(root)
        && (path.length() == root.length() || path.charAt(root.length()) == '/');
  }

  /**
   * Decides; fails with a {@link Refusal} when the caller may not, or while the apiserver can't be
   * asked.
   *
   * @param path decoded, as the routes see it
   */
  Future<Caller> check(Caller caller, HttpMethod method, String path) {
    return switch (mode) {
      case ALWAYS_ALLOW -> Future.succeededFuture(caller);
      case WEBHOOK -> check(caller, verb(method), subresources(path), 0);
    };
  }

  private Future<Caller> check(Caller caller, String verb, List<String> subresources, int i) {
    if (i == subresources.size()) {
      return Future.failedFuture(
          new Refusal(
              caller,
              403,
              "Forbidden (user=%s, verb=%s, resource=nodes, subresource(s)=[%s])\n"
                  .formatted(caller.name(), verb, String.join(" ", subresources))));
    }
    String subresource = subresources.get(i);
    return reviews
        .allowed(caller, new OfResource(verb, "v1", "nodes", subresource, nodeName))
        .recover(
            e -> {
              LOG.warn("{}: cannot authorize: {}", nodeName, e.getMessage());
              return Future.failedFuture(
                  new Refusal(
                      caller,
                      500,
                      "Authorization error (user=%s, verb=%s, resource=nodes, subresource=%s)"
                          .formatted(caller.name(), verb, subresource)));
            })
        .compose(
            allowed ->
                allowed
                    ? Future.succeededFuture(caller)
                    : check(caller, verb, subresources, i + 1));
  }
}
