package io.hubspoke.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * A Kubernetes {@code Status}: the body of every error answer (API conventions, "Response Status
 * Kind").
 *
 * @param code HTTP status code
 * @param reason machine-readable reason, such as {@code NotFound}
 * @param message what a person reads; names the field, value and what was expected
 * @param details what it is about; may be null
 */
public record Status(int code, String reason, String message, Details details) {

  /**
   * What a status is about.
   *
   * @param retryAfterSeconds 0 for none
   */
  public record Details(
      String name,
      String group,
      String kind,
      String uid,
      List<Cause> causes,
      int retryAfterSeconds) {
    public Details {
      causes = List.copyOf(causes);
    }
  }

  /** One field's error: reason such as {@code FieldValueRequired}, and the field's path. */
  public record Cause(String reason, String message, String field) {}

  public static Status of(int code, String reason, String message) {
    return new Status(code, reason, message, null);
  }

  public static Status badRequest(String message) {
    return of(400, "BadRequest", message);
  }

  public static Status unauthorized() {
    return of(401, "Unauthorized", "Unauthorized");
  }

  public static Status forbidden(ResourceType type, String name, String why) {
    String named = name == null || name.isEmpty() ? "" : " \"" + name + "\"";
    return about(
        403, "Forbidden", type.qualifiedName() + named + " is forbidden: " + why, type, name);
  }

  public static Status notFound(ResourceType type, String name) {
    return about(404, "NotFound", type.qualifiedName() + " \"" + name + "\" not found", type, name);
  }

  /** Answers a path that no resource or endpoint serves. */
  public static Status unknownPath() {
    return of(404, "NotFound", "the server could not find the requested resource");
  }

  /** Answers a method that a path is not served by. */
  public static Status methodNotAllowed() {
    return methodNotAllowed("the server does not allow this method on the requested resource");
  }

  public static Status methodNotAllowed(String why) {
    return of(405, "MethodNotAllowed", why);
  }

  public static Status notAcceptable(String why) {
    return of(406, "NotAcceptable", why);
  }

  public static Status alreadyExists(ResourceType type, String name) {
    return about(
        409,
        "AlreadyExists",
        type.qualifiedName() + " \"" + name + "\" already exists",
        type,
        name);
  }

  public static Status conflict(ResourceType type, String name, String why) {
    return about(
        409,
        "Conflict",
        "Operation cannot be fulfilled on " + type.qualifiedName() + " \"" + name + "\": " + why,
        type,
        name);
  }

  /** The 410 that tells a client to list again. */
  public static Status expired(String message) {
    return of(410, "Expired", message);
  }

  public static Status tooLarge(String message) {
    return of(413, "RequestEntityTooLarge", message);
  }

  public static Status unsupportedMediaType(String message) {
    return of(415, "UnsupportedMediaType", message);
  }

  /** Answers an object that fails validation, one cause a field. */
  public static Status invalid(ResourceType type, String name, List<Cause> causes) {
    String list =
        causes.size() == 1
            ? causes.getFirst().field() + ": " + causes.getFirst().message()
            : causes.stream()
                .map(c -> c.field() + ": " + c.message())
                .collect(java.util.stream.Collectors.joining(", ", "[", "]"));
    String kind = type.group().isEmpty() ? type.kind() : type.kind() + "." + type.group();
    return new Status(
        422,
        "Invalid",
        kind + " \"" + name + "\" is invalid: " + list,
        new Details(name, type.group(), type.kind(), "", causes, 0));
  }

  public static Status tooManyRequests(String message, int retryAfterSeconds) {
    return new Status(
        429, "TooManyRequests", message, new Details("", "", "", "", List.of(), retryAfterSeconds));
  }

  public static Status internalError(String message) {
    return of(500, "InternalError", "Internal error occurred: " + message);
  }

  public static Status serviceUnavailable(String message) {
    return of(503, "ServiceUnavailable", message);
  }

  /** Refuses what was not begun; clients send it again after that time. */
  public static Status serviceUnavailable(String message, int retryAfterSeconds) {
    return new Status(
        503,
        "ServiceUnavailable",
        message,
        new Details("", "", "", "", List.of(), retryAfterSeconds));
  }

  public static Status timeout(String message) {
    return of(504, "Timeout", message);
  }

  private static Status about(
      int code, String reason, String message, ResourceType type, String name) {
    return new Status(
        code,
        reason,
        message,
        new Details(name == null ? "" : name, type.group(), type.plural(), "", List.of(), 0));
  }

  /** Returns this status as a failed request's exception. */
  public ApiException toException() {
    return new ApiException(this);
  }

  /** Returns the JSON form, fields in the order in which Kubernetes writes them. */
  public ObjectNode toJson() {
    ObjectNode json = Json.object();
    json.put("kind", "Status").put("apiVersion", "v1").putObject("metadata");
    json.put("status", code < 400 ? "Success" : "Failure");
    if (!message.isEmpty()) {
      json.put("message", message);
    }
    if (!reason.isEmpty()) {
      json.put("reason", reason);
    }
    if (details != null) {
      ObjectNode d = json.putObject("details");
      putUnlessEmpty(d, "name", details.name);
      putUnlessEmpty(d, "group", details.group);
      putUnlessEmpty(d, "kind", details.kind);
      putUnlessEmpty(d, "uid", details.uid);
      for (Cause cause : details.causes) {
        ObjectNode c = d.withArray("causes").addObject();
        putUnlessEmpty(c, "reason", cause.reason);
        putUnlessEmpty(c, "message", cause.message);
        putUnlessEmpty(c, "field", cause.field);
      }
      if (details.retryAfterSeconds > 0) {
        d.put("retryAfterSeconds", details.retryAfterSeconds);
      }
    }
    json.put("code", code);
    return json;
  }

  /** Reads a status that a server sent; missing fields become empty. */
  public static Status fromJson(ObjectNode json) {
    var d = json.path("details");
    List<Cause> causes = new java.util.ArrayList<>();
    for (var c : d.path("causes")) {
      causes.add(
          new Cause(
              c.path("reason").asText(), c.path("message").asText(), c.path("field").asText()));
    }
    Details details =
        d.isObject()
            ? new Details(
                d.path("name").asText(),
                d.path("group").asText(),
                d.path("kind").asText(),
                d.path("uid").asText(),
                causes,
                d.path("retryAfterSeconds").asInt())
            : null;
    return new Status(
        json.path("code").asInt(),
        json.path("reason").asText(),
        json.path("message").asText(),
        details);
  }

  private static void putUnlessEmpty(ObjectNode node, String field, String value) {
    if (value != null && !value.isEmpty()) {
      node.put(field, value);
    }
  }
}
