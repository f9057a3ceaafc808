package io.hubspoke.apiserver.reviews;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.authz.Attributes;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.authz.Decision;
import io.hubspoke.apiserver.authz.PolicyRule;
import io.hubspoke.apiserver.authz.Rules;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.http.FieldTerms;
import io.hubspoke.apiserver.http.User;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Makes the endpoints of authorization.k8s.io/v1, which ask the server's own authorizers. */
public final class AccessReviews {
  private static final String VERSION = "authorization.k8s.io/v1";

  private final Authorizer authorizer;

  public AccessReviews(Authorizer authorizer) {
    this.authorizer = authorizer;
  }

  /** May I? */
  public Endpoint selfSubjectAccess() {
    return new ReviewEndpoint(
        VERSION,
        "SelfSubjectAccessReview",
        (review, request) -> answer(review, request.user(), ""));
  }

  /** May he? */
  public Endpoint subjectAccess() {
    return new ReviewEndpoint(
        VERSION,
        "SubjectAccessReview",
        (review, request) -> answer(review, subject(review.path("spec")), ""));
  }

  /** May he, in this namespace? */
  public Endpoint localSubjectAccess() {
    return new ReviewEndpoint(
        VERSION,
        "LocalSubjectAccessReview",
        (review, request) ->
            answer(review, subject(review.path("spec")), request.info().namespace()));
  }

  /** What may I? */
  public Endpoint selfSubjectRules() {
    return new ReviewEndpoint(
        VERSION,
        "SelfSubjectRulesReview",
        (review, request) -> {
          String namespace = review.path("spec").path("namespace").asText("");
          if (namespace.isEmpty()) {
            throw Status.badRequest("no namespace on request").toException();
          }
          status(review, authorizer.rulesFor(request.user(), namespace));
        });
  }

  private void answer(ObjectNode review, User user, String onlyNamespace) {
    JsonNode spec = review.path("spec");
    Attributes asked = attributes(spec, user);
    if (!onlyNamespace.isEmpty() && !asked.namespace().equals(onlyNamespace)) {
      throw Status.badRequest(
              "spec.resourceAttributes.namespace must match the namespace: \""
                  + onlyNamespace
                  + "\"")
          .toException();
    }
    Decision decision = authorizer.authorize(asked);
    ObjectNode status = review.putObject("status").put("allowed", decision.allowed());
    if (decision instanceof Decision.Deny) {
      status.put("denied", true);
    }
    if (!decision.reason().isEmpty()) {
      status.put("reason", decision.reason());
    }
  }

  private static Attributes attributes(JsonNode spec, User user) {
    JsonNode resource = spec.path("resourceAttributes");
    JsonNode path = spec.path("nonResourceAttributes");
    if (resource.isObject() == path.isObject()) {
      throw Status.badRequest(
              "exactly one of nonResourceAttributes or resourceAttributes must be specified")
          .toException();
    }
    return resource.isObject()
        ? new Attributes(
            user,
            text(resource, "verb"),
            true,
            text(resource, "group"),
            text(resource, "version"),
            text(resource, "resource"),
            text(resource, "subresource"),
            text(resource, "namespace"),
            text(resource, "name"),
            "",
            fields(resource.path("fieldSelector")))
        : new Attributes(
            user,
            text(path, "verb"),
            false,
            "",
            "",
            "",
            "",
            "",
            "",
            text(path, "path"),
            FieldTerms.of(""));
  }

  private static FieldTerms fields(JsonNode selector) {
    Map<String, String> terms = new HashMap<>();
    for (JsonNode term : selector.path("requirements")) {
      if (text(term, "operator").equals("In") && term.path("values").size() == 1) {
        terms.put(text(term, "key"), term.path("values").path(0).asText());
      }
    }
    return terms.isEmpty() ? FieldTerms.of(text(selector, "rawSelector")) : new FieldTerms(terms);
  }

  private static User subject(JsonNode spec) {
    List<String> groups = new ArrayList<>();
    spec.path("groups").forEach(group -> groups.add(group.asText()));
    if (text(spec, "user").isEmpty() && groups.isEmpty()) {
      throw Status.badRequest("at least one of user or group must be specified").toException();
    }
    return new User(text(spec, "user"), text(spec, "uid"), groups, Map.of());
  }

  private static void status(ObjectNode review, Rules rules) {
    ObjectNode status = review.putObject("status");
    var resources = status.putArray("resourceRules");
    var paths = status.putArray("nonResourceRules");
    for (PolicyRule rule : rules.rules()) {
      (rule.nonResourceUrls().isEmpty() ? resources : paths).add(rule.toJson());
    }
    status.put("incomplete", !rules.incomplete().isEmpty());
    if (!rules.incomplete().isEmpty()) {
      status.put("evaluationError", rules.incomplete());
    }
  }

  private static String text(JsonNode node, String field) {
    return node.path(field).asText("");
  }
}
