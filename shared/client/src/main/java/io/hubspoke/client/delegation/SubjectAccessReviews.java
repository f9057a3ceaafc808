package io.hubspoke.client.delegation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.function.Supplier;

/** Asks the apiserver by SubjectAccessReview whether a caller may do something, and remembers. */
public final class SubjectAccessReviews {
  private static final Resource<ObjectNode> REVIEWS =
      Resource.cluster("authorization.k8s.io", "v1", "subjectaccessreviews", ObjectNode.class);

  /** What a caller wants. */
  public sealed interface Attributes {
    /** Something with a resource of the API. */
    record OfResource(String verb, String version, String resource, String subresource, String name)
        implements Attributes {}

    /** A path that is no resource. */
    record OfPath(String verb, String path) implements Attributes {}
  }

  private record Question(Caller caller, Attributes attributes) {}

  private final Supplier<ApiClient> client;
  private final ReviewCache<Question, Boolean> known;

  /**
   * Knows nothing yet.
   *
   * @param authorizedTtl how long a yes is remembered
   * @param unauthorizedTtl how long a no is
   * @param client gives null while there is no connection to the apiserver yet
   */
  public SubjectAccessReviews(
      Duration authorizedTtl, Duration unauthorizedTtl, Supplier<ApiClient> client) {
    this.client = client;
    this.known = new ReviewCache<>(allowed -> allowed ? authorizedTtl : unauthorizedTtl);
  }

  /** Returns whether the caller may; fails when that can't be told. */
  public Future<Boolean> allowed(Caller caller, Attributes attributes) {
    var question = new Question(caller, attributes);
    return known.get(question, () -> ask(question));
  }

  private Future<Boolean> ask(Question question) {
    var connected = client.get();
    if (connected == null) {
      return Future.failedFuture("not connected to the apiserver yet");
    }
    var caller = question.caller;
    var review =
        Json.object()
            .put("apiVersion", "authorization.k8s.io/v1")
            .put("kind", "SubjectAccessReview");
    var spec = review.putObject("spec").put("user", caller.name());
    if (!caller.uid().isEmpty()) {
      spec.put("uid", caller.uid());
    }
    caller.groups().forEach(spec.putArray("groups")::add);
    if (!caller.extra().isEmpty()) {
      var extra = spec.putObject("extra");
      caller.extra().forEach((key, values) -> values.forEach(extra.putArray(key)::add));
    }
    switch (question.attributes) {
      case Attributes.OfResource(var verb, var version, var resource, var sub, var name) ->
          spec.putObject("resourceAttributes")
              .put("verb", verb)
              .put("version", version)
              .put("resource", resource)
              .put("subresource", sub)
              .put("name", name);
      case Attributes.OfPath(var verb, var path) ->
          spec.putObject("nonResourceAttributes").put("verb", verb).put("path", path);
    }
    return connected
        .create(REVIEWS, "", review)
        .map(answer -> answer.path("status").path("allowed").asBoolean());
  }
}
