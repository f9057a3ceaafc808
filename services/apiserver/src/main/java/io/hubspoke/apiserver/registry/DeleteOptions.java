package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.http.Query;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What a deletion asks for.
 *
 * @param uid which object it must be; empty for any
 * @param resourceVersion in which state it must be; empty for any
 * @param propagation what is to become of the object's dependents
 * @param cascade whether that was asked for in the old way, by {@code orphanDependents=false}
 */
public record DeleteOptions(
    OptionalLong gracePeriodSeconds,
    String uid,
    String resourceVersion,
    Propagation propagation,
    boolean cascade,
    boolean dryRun) {
  public static final DeleteOptions DEFAULT =
      new DeleteOptions(OptionalLong.empty(), "", "", Propagation.UNSET, false, false);

  private static final String KIND = "DeleteOptions";
  private static final Set<String> FIELDS =
      Set.of("gracePeriodSeconds", "orphanDependents", "propagationPolicy", "dryRun");

  /** What becomes of an object's dependents ({@code propagationPolicy}). */
  public enum Propagation {
    /** What is usual for the kind, unless a finalizer says otherwise. */
    UNSET,
    BACKGROUND,
    FOREGROUND,
    ORPHAN
  }

  /**
   * Reads options from the request's body; from its query if it has none, as the real apiserver
   * does.
   *
   * @param body null when there is none
   * @throws ApiException 400 or 422 when they are none
   */
  static DeleteOptions read(ObjectNode body, Query query) {
    ObjectNode json = body == null ? fromQuery(query) : body;
    String kind = json.path("kind").asText(KIND);
    if (!kind.equals(KIND)) {
      throw Status.badRequest("the body of a deletion must be of kind DeleteOptions, found " + kind)
          .toException();
    }
    JsonNode preconditions = typed(json, "preconditions", JsonNode::isObject, "an object");
    JsonNode orphan = typed(json, "orphanDependents", JsonNode::isBoolean, "true or false");
    JsonNode policy = typed(json, "propagationPolicy", JsonNode::isTextual, "a string");
    JsonNode dryRun = typed(json, "dryRun", JsonNode::isArray, "a list of strings");
    List<String> dryRuns = new ArrayList<>();
    dryRun.forEach(value -> dryRuns.add(value.asText()));
    Propagation propagation = propagation(orphan, policy);
    return new DeleteOptions(
        gracePeriod(json),
        preconditions.path("uid").asText(""),
        preconditions.path("resourceVersion").asText(""),
        propagation,
        orphan.isBoolean() && !orphan.booleanValue(),
        WriteOptions.dryRun(dryRuns, KIND));
  }

  /** Returns the same options for the object in whatever state it is. */
  DeleteOptions anyVersion() {
    return new DeleteOptions(gracePeriodSeconds, uid, "", propagation, cascade, dryRun);
  }

  private static OptionalLong gracePeriod(ObjectNode json) {
    JsonNode given =
        typed(
            json,
            "gracePeriodSeconds",
            node -> node.isIntegralNumber() && node.canConvertToLong(),
            "a whole number");
    if (given.isMissingNode()) {
      return OptionalLong.empty();
    }
    // As Kubernetes does: anything negative means the shortest wait.
    return OptionalLong.of(given.longValue() < 0 ? 1 : given.longValue());
  }

  private static Propagation propagation(JsonNode orphan, JsonNode policy) {
    if (policy.isMissingNode()) {
      return orphan.isMissingNode()
          ? Propagation.UNSET
          : orphan.booleanValue() ? Propagation.ORPHAN : Propagation.BACKGROUND;
    }
    List<Cause> causes = new ArrayList<>();
    if (!orphan.isMissingNode()) {
      causes.add(
          new Cause(
              "FieldValueInvalid",
              "Invalid value: \""
                  + policy.textValue()
                  + "\": orphanDependents and deletionPropagation cannot be both set",
              "propagationPolicy"));
    }
    Propagation propagation =
        switch (policy.textValue()) {
          case "Background" -> Propagation.BACKGROUND;
          case "Foreground" -> Propagation.FOREGROUND;
          case "Orphan" -> Propagation.ORPHAN;
          default -> {
            causes.add(
                new Cause(
                    "FieldValueNotSupported",
                    "Unsupported value: \""
                        + policy.textValue()
                        + "\": supported values: \"Foreground\", \"Background\", \"Orphan\","
                        + " \"nil\"",
                    "propagationPolicy"));
            yield Propagation.UNSET;
          }
        };
    if (!causes.isEmpty()) {
      throw WriteOptions.invalid(KIND, causes).toException();
    }
    return propagation;
  }

  /** Returns a field of the type that it must have, missing when it is absent or null. */
  private static JsonNode typed(
      ObjectNode json, String field, java.util.function.Predicate<JsonNode> type, String wanted) {
    JsonNode node = json.path(field);
    if (node.isMissingNode() || node.isNull()) {
      return json.path("\0");
    }
    if (!type.test(node)) {
      throw Status.badRequest(field + " must be " + wanted + ", found " + node).toException();
    }
    return node;
  }

  private static ObjectNode fromQuery(Query query) {
    ObjectNode json = Json.object();
    for (String field : FIELDS) {
      String text = query.get(field);
      if (text == null) {
        continue;
      }
      switch (field) {
        case "gracePeriodSeconds" -> json.put(field, number(text));
        case "orphanDependents" -> json.put(field, !text.equals("false") && !text.equals("0"));
        case "propagationPolicy" -> json.put(field, text);
        default -> {
          var values = json.putArray(field);
          query.getAll(field).forEach(values::add);
        }
      }
    }
    return json;
  }

  /** Returns them as webhooks are told, without a kind. */
  ObjectNode toJson() {
    ObjectNode json = Json.object();
    gracePeriodSeconds.ifPresent(seconds -> json.put("gracePeriodSeconds", seconds));
    if (!uid.isEmpty()) {
      json.withObject("preconditions").put("uid", uid);
    }
    if (!resourceVersion.isEmpty()) {
      json.withObject("preconditions").put("resourceVersion", resourceVersion);
    }
    switch (propagation) {
      case UNSET -> {}
      case BACKGROUND -> json.put("propagationPolicy", "Background");
      case FOREGROUND -> json.put("propagationPolicy", "Foreground");
      case ORPHAN -> json.put("propagationPolicy", "Orphan");
    }
    if (dryRun) {
      json.putArray("dryRun").add("All");
    }
    return json;
  }

  /** Returns the same, but only tried. */
  DeleteOptions tried() {
    return new DeleteOptions(gracePeriodSeconds, uid, resourceVersion, propagation, cascade, true);
  }

  /** Returns the same for an object in this state only. */
  DeleteOptions at(String version) {
    return new DeleteOptions(gracePeriodSeconds, uid, version, propagation, cascade, dryRun);
  }

  private static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw Status.badRequest("gracePeriodSeconds must be a whole number, found \"" + text + "\"")
          .toException();
    }
  }
}
