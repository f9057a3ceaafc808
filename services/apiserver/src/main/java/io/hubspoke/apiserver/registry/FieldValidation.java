package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.http.Warnings;
import io.vertx.core.http.HttpServerResponse;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What one request wants to be done about fields that a kind doesn't have and fields that are given
 * twice, and which there are.
 */
public final class FieldValidation {
  /** More are not told of: each costs memory and, as a warning, a header. */
  private static final int MAX_FOUND = 100;

  private static final int MAX_ECHO = 1_024;

  /** What is done ({@code fieldValidation}). */
  enum Directive {
    IGNORE,
    WARN,
    STRICT;

    /** Reads a query's parameter; null for what is none. */
    static Directive of(String text) {
      return switch (text) {
        case "Ignore" -> IGNORE;
        case "Warn", "" -> WARN;
        case "Strict" -> STRICT;
        default -> null;
      };
    }
  }

  private final Directive directive;
  private final Set<String> found = new LinkedHashSet<>();
  private JsonNode patch;
  private boolean whole;

  FieldValidation(Directive directive) {
    this.directive = directive;
  }

  /** Returns one that lets everything pass. */
  static FieldValidation ignore() {
    return new FieldValidation(Directive.IGNORE);
  }

  boolean isWanted() {
    return directive != Directive.IGNORE;
  }

  /** Says that the request has the whole object: all of its fields are the client's. */
  void ofWholeObject() {
    whole = true;
  }

  /** Says that the request has a patch. */
  void of(Patch given) {
    patch = given.body();
    if (isWanted() && given.format() == Patch.Format.JSON) {
      for (int i = 0; i < patch.size(); i++) {
        for (var entry : patch.get(i).properties()) {
          if (!Patch.OPERATION.contains(entry.getKey())) {
            found("json patch unknown field \"[" + i + "]." + entry.getKey() + "\"");
          }
        }
      }
    }
  }

  void duplicate(String path) {
    found("duplicate field \"" + path + "\"");
  }

  /**
   * Decides on an object.
   *
   * @param unknown the paths of its fields that the kind doesn't have
   * @param before those of the object that it replaces
   * @throws io.hubspoke.api.ApiException 400, or 422 for a patch, naming what is found when that is
   *     strictly refused
   */
  synchronized void check(ResourceType type, List<String> unknown, Supplier<List<String>> before) {
    if (!isWanted()) {
      return;
    }
    if (!unknown.isEmpty()) {
      // Kept fields that an earlier request was let have are not this one's.
      List<String> known = whole ? List.of() : before.get();
      for (String path : unknown) {
        if (!known.contains(path)) {
          found("unknown field \"" + path + "\"");
        }
      }
    }
    if (directive == Directive.STRICT && !found.isEmpty()) {
      throw refusal(type).toException();
    }
  }

  /** Tells the client what was found. */
  synchronized void warn(HttpServerResponse response) {
    if (directive == Directive.WARN && !response.headWritten()) {
      Warnings.add(response, found);
    }
  }

  private Status refusal(ResourceType type) {
    String why = "strict decoding error: " + String.join(", ", found);
    if (patch == null) {
      return Status.badRequest(
          "%s in version \"%s\" cannot be handled as a %s: %s"
              .formatted(type.kind(), type.version(), type.kind(), why));
    }
    String text = patch.toString();
    String echo = text.length() > MAX_ECHO ? text.substring(0, MAX_ECHO) + "..." : text;
    // As the real apiserver: an invalid patch is of no kind.
    return Status.invalid(
        new ResourceType("", "v1", "", "", "", false, List.of(), List.of(), Set.of(), Set.of()),
        "",
        List.of(
            new Cause(
                "FieldValueInvalid",
                "Invalid value: \"" + echo.replace("\"", "\\\"") + "\": " + why,
                "patch")));
  }

  private synchronized void found(String error) {
    if (found.size() < MAX_FOUND) {
      found.add(error);
    }
  }
}
