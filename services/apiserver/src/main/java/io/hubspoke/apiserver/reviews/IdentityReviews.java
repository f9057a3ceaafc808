package io.hubspoke.apiserver.reviews;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.authn.Authenticated;
import io.hubspoke.apiserver.authn.Authentication;
import io.hubspoke.apiserver.authn.AuthenticationException;
import io.hubspoke.apiserver.authn.Credentials;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.http.User;
import java.util.ArrayList;
import java.util.List;

/** Makes the endpoints of authentication.k8s.io/v1. */
public final class IdentityReviews {
  private static final String VERSION = "authentication.k8s.io/v1";

  private final Authentication tokens;

  /**
   * Judges tokens by these authenticators.
   *
   * @param tokens must not let anonymous requests in
   */
  public IdentityReviews(Authentication tokens) {
    this.tokens = tokens;
  }

  /** Who am I? */
  public Endpoint selfSubject() {
    return new ReviewEndpoint(
        VERSION,
        "SelfSubjectReview",
        (review, request) -> {
          review.withObject("/metadata").putNull("creationTimestamp");
          describe(review.putObject("status").putObject("userInfo"), request.user());
        });
  }

  /** Whose token is this? */
  public Endpoint token() {
    return new ReviewEndpoint(VERSION, "TokenReview", (review, request) -> judge(review));
  }

  private void judge(ObjectNode review) {
    String token = review.path("spec").path("token").asText("");
    if (token.isEmpty()) {
      throw Status.badRequest("token is required for TokenReview in authentication").toException();
    }
    List<String> audiences = new ArrayList<>();
    review.path("spec").path("audiences").forEach(audience -> audiences.add(audience.asText()));
    ObjectNode status = review.putObject("status");
    try {
      Authenticated who = tokens.authenticate(Credentials.ofToken(token, audiences), "");
      describe(status.put("authenticated", true).putObject("user"), who.user());
      who.audiences().forEach(status.withArray("audiences")::add);
    } catch (AuthenticationException e) {
      status.put("authenticated", false).put("error", "[" + e.getMessage() + "]");
    }
  }

  private static void describe(ObjectNode info, User user) {
    info.put("username", user.name());
    if (!user.uid().isEmpty()) {
      info.put("uid", user.uid());
    }
    var groups = info.putArray("groups");
    user.groups().forEach(groups::add);
    if (!user.extra().isEmpty()) {
      ObjectNode extra = info.putObject("extra");
      user.extra()
          .forEach(
              (key, values) -> {
                var array = extra.putArray(key);
                values.forEach(array::add);
              });
    }
  }
}
