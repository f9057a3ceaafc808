package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.discovery.Subresource;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.vertx.core.buffer.Buffer;
import java.util.UUID;

/** Asks a webhook about one request, and reads what it says ({@code admission.k8s.io}). */
final class AdmissionReview {
  private static final String KIND = "AdmissionReview";
  private static final String GROUP = "admission.k8s.io/";

  private final Invocation invocation;
  private final String apiVersion;
  private final String uid = UUID.randomUUID().toString();

  AdmissionReview(Invocation invocation) {
    this.invocation = invocation;
    this.apiVersion = GROUP + invocation.webhook().version();
  }

  /** Returns what the webhook is sent. */
  Buffer body() {
    ObjectNode review = Json.object().put("kind", KIND).put("apiVersion", apiVersion);
    AdmissionRequest request = invocation.request();
    ResourceType type = invocation.type();
    String subresource = request.subresource();
    ObjectNode asked = review.putObject("request").put("uid", uid);
    asked.set("kind", kind(type, subresource));
    asked.set("resource", resource(type));
    put(asked, "subResource", subresource);
    asked.set("requestKind", kind(request.type(), subresource));
    asked.set("requestResource", resource(request.type()));
    put(asked, "requestSubResource", subresource);
    put(asked, "name", request.name());
    put(asked, "namespace", namespace(request));
    asked.put("operation", request.operation().name());
    asked.set("userInfo", user(request.user()));
    asked.set("object", object(request.object()));
    asked.set("oldObject", object(request.old()));
    asked.put("dryRun", request.dryRun());
    asked.set("options", options(request));
    return Buffer.buffer(Json.bytes(review));
  }

  private static ObjectNode kind(ResourceType type, String subresource) {
    ObjectNode kind = Json.object();
    if (subresource.isEmpty()) {
      return kind.put("group", type.group())
          .put("version", type.version())
          .put("kind", type.kind());
    }
    Subresource answers = Subresource.of(type, subresource);
    return kind.put("group", answers.group())
        .put("version", answers.version())
        .put("kind", answers.kind());
  }

  private static ObjectNode resource(ResourceType type) {
    return Json.object()
        .put("group", type.group())
        .put("version", type.version())
        .put("resource", type.plural());
  }

  /** A namespace is in itself. */
  private static String namespace(AdmissionRequest request) {
    return request.type().equals(ResourceTable.NAMESPACES.type())
        ? request.name()
        : request.namespace();
  }

  private static ObjectNode user(User user) {
    ObjectNode info = Json.object();
    put(info, "username", user.name());
    put(info, "uid", user.uid());
    user.groups().forEach(info.withArray("groups")::add);
    user.extra()
        .forEach(
            (key, values) -> {
              var extra = info.withObject("extra").putArray(key);
              values.forEach(extra::add);
            });
    return info;
  }

  /** Returns an object with its kind first; clients may leave that to the path. */
  private JsonNode object(ObjectNode object) {
    if (object == null) {
      return Json.object().nullNode();
    }
    ObjectNode shown = invocation.shown(object);
    ObjectNode kind = kind(invocation.type(), invocation.request().subresource());
    String group = kind.path("group").asText();
    String version = kind.path("version").asText();
    ObjectNode whole = Json.object();
    whole.put("kind", kind.path("kind").asText());
    whole.put("apiVersion", group.isEmpty() ? version : group + "/" + version);
    shown
        .properties()
        .forEach(
            e -> {
              if (!whole.has(e.getKey())) {
                whole.set(e.getKey(), e.getValue());
              }
            });
    return whole;
  }

  private static JsonNode options(AdmissionRequest request) {
    String kind =
        switch (request.operation()) {
          case CREATE -> "CreateOptions";
          case UPDATE -> "UpdateOptions";
          case DELETE -> "DeleteOptions";
          case CONNECT -> "";
        };
    if (kind.isEmpty()) {
      return Json.object().nullNode();
    }
    ObjectNode options = Json.object().put("kind", kind).put("apiVersion", "meta.k8s.io/v1");
    options.setAll(request.origin().options().get());
    return options;
  }

  private static void put(ObjectNode object, String field, String value) {
    if (!value.isEmpty()) {
      object.put(field, value);
    }
  }

  /**
   * Reads the webhook's answer.
   *
   * @throws InvalidReviewException when it is none to what was asked
   */
  ReviewResponse read(byte[] answer, boolean mutating) throws InvalidReviewException {
    JsonNode review = parse(answer);
    if (!(review.get("response") instanceof ObjectNode response)) {
      throw new InvalidReviewException("webhook response was absent");
    }
    // The older version let both of these be whatever they were.
    if (invocation.webhook().version().equals("v1")) {
      String given = response.path("uid").asText("");
      if (!given.equals(uid)) {
        throw new InvalidReviewException(
            "expected response.uid=\"%s\", got \"%s\"".formatted(uid, shortened(given)));
      }
      String kind = gvk(review.path("apiVersion").asText(""), review.path("kind").asText(""));
      if (!kind.equals(gvk(apiVersion, KIND))) {
        throw new InvalidReviewException(
            "expected webhook response of %s, got %s"
                .formatted(gvk(apiVersion, KIND), shortened(kind)));
      }
    }
    return ReviewResponse.of(response, mutating, invocation.webhook().version());
  }

  private static JsonNode parse(byte[] answer) throws InvalidReviewException {
    try {
      return Json.parseObject(answer);
    } catch (io.hubspoke.api.ApiException e) {
      throw new InvalidReviewException("it is no JSON object: " + e.getMessage());
    }
  }

  private static String gvk(String apiVersion, String kind) {
    int slash = apiVersion.indexOf('/');
    String group = slash < 0 ? "" : apiVersion.substring(0, slash);
    return "%s/%s, Kind=%s".formatted(group, apiVersion.substring(slash + 1), kind);
  }

  private static String shortened(String text) {
    return text.length() <= 100 ? text : text.substring(0, 100) + "...";
  }
}
