package io.hubspoke.apiserver.reviews;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.http.MediaType;
import io.hubspoke.apiserver.http.RequestBody;
import io.vertx.core.Future;

/** Reads a review, has its status filled in, and gives it back; nothing is stored. */
final class ReviewEndpoint implements Endpoint {
  /** Fills in the status of a review of the right kind. */
  @FunctionalInterface
  interface Reviewer {
    void review(ObjectNode review, ApiRequest request);
  }

  private final String apiVersion;
  private final String kind;
  private final Reviewer reviewer;

  ReviewEndpoint(String apiVersion, String kind, Reviewer reviewer) {
    this.apiVersion = apiVersion;
    this.kind = kind;
    this.reviewer = reviewer;
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    if (!request.info().verb().equals("create") || !request.info().name().isEmpty()) {
      throw Status.methodNotAllowed().toException();
    }
    return RequestBody.object(request)
        .compose(
            review -> {
              check(review);
              review.remove("status");
              reviewer.review(review, request);
              MediaType form = MediaType.preferred(request.http());
              return request
                  .http()
                  .response()
                  .setStatusCode(201)
                  .putHeader("Content-Type", form.text())
                  .end(form.encode(review));
            });
  }

  private void check(ObjectNode review) {
    String version = review.path("apiVersion").asText(apiVersion);
    String given = review.path("kind").asText(kind);
    if (!version.equals(apiVersion) || !given.equals(kind)) {
      throw Status.badRequest(
              "%s in version \"%s\" cannot be handled as a %s: expected %s, %s"
                  .formatted(given, version, kind, apiVersion, kind))
          .toException();
    }
    review.put("kind", kind).put("apiVersion", apiVersion);
    if (!review.path("metadata").isObject()) {
      review.putObject("metadata");
    }
  }
}
