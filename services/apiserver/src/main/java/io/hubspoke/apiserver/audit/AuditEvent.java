package io.hubspoke.apiserver.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.RequestInfo;
import io.hubspoke.apiserver.http.User;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A request at one stage (audit.k8s.io/v1, {@code Event}).
 *
 * @param impersonated whom it acts as; null for itself
 * @param outcome null while there is none
 */
record AuditEvent(
    Subject subject,
    AuditStage stage,
    Instant at,
    User impersonated,
    Outcome outcome,
    AuditBody request,
    AuditBody response,
    Map<String, String> annotations) {
  private static final DateTimeFormatter MICROSECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);
  private static final String TRUNCATED = "audit.k8s.io/truncated";

  /**
   * What is the same at every stage.
   *
   * @param user as authenticated; null when nobody was
   */
  record Subject(
      String auditId,
      AuditPolicy.Verdict verdict,
      RequestInfo info,
      String uri,
      User user,
      List<String> sourceIps,
      String userAgent,
      Instant received) {}

  /**
   * How it was answered.
   *
   * @param status what a refusal said; null for success
   * @param message instead of a status's; empty for none
   */
  record Outcome(int code, Status status, String message) {}

  /** Returns about how many bytes it takes while it waits. */
  int weight() {
    return 1024 + request.size() + response.size();
  }

  /** Writes the event with its fields in the order of the real one's. */
  ObjectNode toJson() {
    AuditLevel level = subject.verdict.level();
    RequestInfo info = subject.info;
    ObjectNode event = Json.object().put("kind", "Event").put("apiVersion", "audit.k8s.io/v1");
    event
        .put("level", level.toString())
        .put("auditID", subject.auditId)
        .put("stage", stage.toString())
        .put("requestURI", subject.uri)
        .put("verb", info.verb());
    ObjectNode who = event.putObject("user");
    if (subject.user != null) {
      describe(who, subject.user);
    }
    if (impersonated != null) {
      describe(event.putObject("impersonatedUser"), impersonated);
    }
    strings(event.putArray("sourceIPs"), subject.sourceIps);
    put(event, "userAgent", subject.userAgent);
    // The name of what is created is in its body only.
    boolean named = !info.name().isEmpty() || !info.resourceRequest();
    JsonNode sent =
        level.atLeast(AuditLevel.REQUEST) || !named ? read(request) : Json.object().nullNode();
    if (info.resourceRequest()) {
      event.set("objectRef", reference(info, sent));
    }
    if (outcome != null) {
      event.set("responseStatus", status());
    }
    Map<String, String> noted = new TreeMap<>(annotations);
    if (level.atLeast(AuditLevel.REQUEST)) {
      add(event, "requestObject", sent, request, noted);
    }
    if (level.atLeast(AuditLevel.REQUEST_RESPONSE)) {
      JsonNode answer =
          outcome != null && outcome.status != null ? outcome.status.toJson() : read(response);
      add(event, "responseObject", answer, response, noted);
    }
    event
        .put("requestReceivedTimestamp", MICROSECONDS.format(subject.received))
        .put("stageTimestamp", MICROSECONDS.format(at));
    if (!noted.isEmpty()) {
      ObjectNode annotated = event.putObject("annotations");
      noted.forEach(annotated::put);
    }
    return event;
  }

  private JsonNode read(AuditBody body) {
    return body.object(subject.verdict.omitManagedFields()).orElse(Json.object().nullNode());
  }

  private static void add(
      ObjectNode event, String field, JsonNode object, AuditBody body, Map<String, String> noted) {
    if (body.size() >= AuditBody.MOST_BYTES) {
      noted.put(TRUNCATED, "true");
    } else if (!object.isNull()) {
      event.set(field, object);
    }
  }

  private static ObjectNode reference(RequestInfo info, JsonNode sent) {
    JsonNode metadata = sent.path("metadata");
    ObjectNode ref = Json.object().put("resource", info.resource());
    put(ref, "namespace", info.namespace());
    put(ref, "name", info.name().isEmpty() ? metadata.path("name").asText("") : info.name());
    put(ref, "uid", metadata.path("uid").asText(""));
    put(ref, "apiGroup", info.group());
    put(ref, "apiVersion", info.version());
    put(ref, "resourceVersion", metadata.path("resourceVersion").asText(""));
    put(ref, "subresource", info.subresource());
    return ref;
  }

  private ObjectNode status() {
    ObjectNode status = Json.object();
    status.putObject("metadata");
    if (outcome.status != null) {
      JsonNode said = outcome.status.toJson();
      for (String field : List.of("status", "message", "reason", "details")) {
        if (said.has(field)) {
          status.set(field, said.get(field));
        }
      }
    }
    put(status, "message", outcome.message);
    return status.put("code", outcome.code);
  }

  private static void describe(ObjectNode json, User user) {
    put(json, "username", user.name());
    put(json, "uid", user.uid());
    if (!user.groups().isEmpty()) {
      strings(json.putArray("groups"), user.groups());
    }
    if (!user.extra().isEmpty()) {
      ObjectNode extra = json.putObject("extra");
      new TreeMap<>(user.extra()).forEach((key, values) -> strings(extra.putArray(key), values));
    }
  }

  private static void put(ObjectNode json, String field, String value) {
    if (!value.isEmpty()) {
      json.put(field, value);
    }
  }

  private static void strings(ArrayNode array, List<String> values) {
    values.forEach(array::add);
  }
}
