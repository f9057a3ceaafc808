package io.hubspoke.apiserver.resources;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status.Cause;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Validates {@code metadata}, the same for every kind (API conventions, "Metadata"). */
public final class ObjectMetaRules {
  /** Most bytes that an object's annotations may hold together. */
  static final int MAX_ANNOTATION_BYTES = 256 * 1024;

  // Set once, by the server.
  private static final List<String> IMMUTABLE =
      List.of("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp");

  private static final Set<String> STANDARD_FINALIZERS =
      Set.of("kubernetes", "orphan", "foregroundDeletion");

  private ObjectMetaRules() {}

  /** Returns the errors of an object's metadata. */
  public static List<Cause> validate(
      ResourceType type, ResourceStrategy strategy, ObjectNode object) {
    FieldErrors errors = new FieldErrors();
    JsonNode meta = object.path("metadata");
    if (!meta.path("generateName").asText("").isEmpty()) {
      String prefix = meta.path("generateName").asText();
      errors.invalid("metadata.generateName", prefix, strategy.validateName(prefix, true));
    }
    String name = meta.path("name").asText("");
    if (name.isEmpty()) {
      errors.required("metadata.name", "name or generateName is required");
    } else {
      errors.invalid("metadata.name", name, strategy.validateName(name, false));
    }
    String namespace = meta.path("namespace").asText("");
    if (!type.namespaced()) {
      if (!namespace.isEmpty()) {
        errors.forbidden("metadata.namespace", "not allowed on this type");
      }
    } else if (namespace.isEmpty()) {
      errors.required("metadata.namespace", "");
    } else {
      errors.invalid("metadata.namespace", namespace, Names.dns1123Label(namespace));
    }
    labels("metadata.labels", meta.path("labels"), errors);
    annotations("metadata.annotations", meta.path("annotations"), errors);
    finalizers(meta.path("finalizers"), errors);
    owners(meta.path("ownerReferences"), errors);
    return errors.causes();
  }

  /** Returns the errors of a change to metadata, those of the new metadata included. */
  public static List<Cause> validateUpdate(
      ResourceType type, ResourceStrategy strategy, ObjectNode object, ObjectNode old) {
    FieldErrors errors = new FieldErrors();
    for (String field : IMMUTABLE) {
      JsonNode now = object.path("metadata").path(field);
      if (!now.asText("").equals(old.path("metadata").path(field).asText(""))) {
        errors.invalid("metadata." + field, now.asText(""), "field is immutable");
      }
    }
    boolean deleting = !old.path("metadata").path("deletionTimestamp").asText("").isEmpty();
    if (deleting) {
      Set<String> before = new HashSet<>();
      old.path("metadata").path("finalizers").forEach(f -> before.add(f.asText()));
      Set<String> added = new TreeSet<>();
      object.path("metadata").path("finalizers").forEach(f -> added.add(f.asText()));
      added.removeAll(before);
      if (!added.isEmpty()) {
        errors.forbidden(
            "metadata.finalizers",
            "no new finalizers can be added if the object is being deleted, found new finalizers"
                + added.stream().collect(joining("\", \"", " []string{\"", "\"}")));
      }
    }
    var causes = new java.util.ArrayList<>(errors.causes());
    causes.addAll(validate(type, strategy, object));
    return List.copyOf(causes);
  }

  /** Validates a map of labels. */
  static void labels(String path, JsonNode labels, FieldErrors errors) {
    labels
        .properties()
        .forEach(
            e -> {
              errors.invalid(path, e.getKey(), Names.qualifiedName(e.getKey()));
              String value = e.getValue().asText("");
              errors.invalid(path, value, Names.labelValue(value));
            });
  }

  /** Validates a map of annotations. */
  static void annotations(String path, JsonNode annotations, FieldErrors errors) {
    long bytes = 0;
    for (var e : annotations.properties()) {
      errors.invalid(
          path, e.getKey(), Names.qualifiedName(e.getKey().toLowerCase(java.util.Locale.ROOT)));
      bytes += e.getKey().length() + (long) e.getValue().asText("").length();
    }
    if (bytes > MAX_ANNOTATION_BYTES) {
      errors.tooLong(path, MAX_ANNOTATION_BYTES);
    }
  }

  private static void finalizers(JsonNode finalizers, FieldErrors errors) {
    String path = "metadata.finalizers";
    Set<String> names = new HashSet<>();
    for (JsonNode finalizer : finalizers) {
      String value = finalizer.asText("");
      errors.invalid(path, value, Names.qualifiedName(value));
      if (value.indexOf('/') < 0 && !STANDARD_FINALIZERS.contains(value)) {
        errors.invalid(
            path, value, "name is neither a standard finalizer name nor is it fully qualified");
      }
      names.add(value);
    }
    if (names.contains("orphan") && names.contains("foregroundDeletion")) {
      errors.invalid(
          path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
    }
  }

  private static void owners(JsonNode owners, FieldErrors errors) {
    String path = "metadata.ownerReferences";
    String controller = "";
    for (JsonNode owner : owners) {
      String version = owner.path("apiVersion").asText("");
      if (version.isEmpty() || version.endsWith("/")) {
        errors.invalid(path + ".apiVersion", version, "version must not be empty");
      }
      for (String field : List.of("kind", "name", "uid")) {
        if (owner.path(field).asText("").isEmpty()) {
          errors.invalid(path + "." + field, "", field + " must not be empty");
        }
      }
      String kind = owner.path("kind").asText("");
      // Events go of their own accord, and nothing is to go with them.
      if (version.equals("v1") && kind.equals("Event")) {
        errors.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
      }
      if (owner.path("controller").asBoolean()) {
        String name = kind + "/" + owner.path("name").asText("");
        if (!controller.isEmpty()) {
          errors.invalid(
              path,
              owners,
              "Only one reference can have Controller set to true. Found \"true\" in references for "
                  + controller
                  + " and "
                  + name);
        } else {
          controller = name;
        }
      }
    }
  }
}
