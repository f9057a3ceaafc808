package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;

/** Sets the metadata that belongs to the server, whatever a client sends. */
final class SystemMetadata {
  /** The first fields, in the order in which they are written. */
  private static final List<String> ORDER =
      List.of("name", "generateName", "namespace", "uid", "generation", "creationTimestamp");

  /** What only the server changes once an object exists. */
  private static final List<String> KEPT =
      List.of(
          "uid",
          "generateName",
          "generation",
          "creationTimestamp",
          "deletionTimestamp",
          "deletionGracePeriodSeconds");

  private final InstantSource clock;

  SystemMetadata(InstantSource clock) {
    this.clock = clock;
  }

  /** Returns the time as metadata has it. */
  Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS);
  }

  /** Prepares the metadata of an object that is to be created, except for its name. */
  void initialize(Target target, ObjectNode object) {
    ObjectNode meta = Meta.of(object);
    if (!Meta.resourceVersion(object).isEmpty()) {
      throw Status.badRequest("resourceVersion should not be set on objects to be created")
          .toException();
    }
    settle(target, object);
    meta.remove(List.of("deletionTimestamp", "deletionGracePeriodSeconds", "generation"));
    meta.put("uid", UUID.randomUUID().toString());
    meta.put("creationTimestamp", now().toString());
    arrange(object);
  }

  /** Prepares the metadata of an object that is to replace another. */
  void carryOver(Target target, ObjectNode object, ObjectNode old) {
    ObjectNode meta = Meta.of(object);
    String name = Meta.name(object);
    if (!name.equals(target.name()) && !name.isEmpty()) {
      throw Status.badRequest(
              "the name of the object ("
                  + name
                  + ") does not match the name on the URL ("
                  + target.name()
                  + ")")
          .toException();
    }
    meta.put("name", target.name());
    settle(target, object);
    String uid = Meta.uid(object);
    if (!uid.isEmpty() && !uid.equals(Meta.uid(old))) {
      throw otherObject(target, uid, Meta.uid(old)).toException();
    }
    for (String field : KEPT) {
      JsonNode before = old.path("metadata").get(field);
      if (before == null) {
        meta.remove(field);
      } else {
        meta.set(field, before);
      }
    }
    arrange(object);
  }

  /** Refuses to change an object since it is not the one that was meant. */
  static Status otherObject(Target target, String asked, String actual) {
    return Status.conflict(
        target.type(),
        target.name(),
        "StorageError: invalid object, Code: 4, Key: "
            + target.key()
            + ", ResourceVersion: 0, AdditionalErrorMsg: "
            + uidMismatch(asked, actual));
  }

  static String uidMismatch(String asked, String actual) {
    return "Precondition failed: UID in precondition: " + asked + ", UID in object meta: " + actual;
  }

  private static void settle(Target target, ObjectNode object) {
    ObjectNode meta = Meta.of(object);
    String namespace = Meta.namespace(object);
    if (!namespace.isEmpty() && !namespace.equals(target.namespace())) {
      throw Status.badRequest(
              "the namespace of the provided object does not match the namespace sent on the"
                  + " request")
          .toException();
    }
    if (!target.namespace().isEmpty()) {
      meta.put("namespace", target.namespace());
    }
    // Field ownership comes with server-side apply; until then what clients send of it is stale.
    meta.remove(List.of("managedFields", "selfLink"));
    for (String field : List.of("labels", "annotations", "finalizers", "ownerReferences")) {
      if (meta.path(field).isEmpty()) {
        meta.remove(field);
      }
    }
  }

  private static void arrange(ObjectNode object) {
    ObjectNode meta = Meta.of(object);
    ObjectNode rest = meta.objectNode();
    meta.properties().forEach(e -> rest.set(e.getKey(), e.getValue()));
    meta.removeAll();
    for (String field : ORDER) {
      JsonNode value = rest.remove(field);
      if (value != null) {
        meta.set(field, value);
      }
    }
    meta.setAll(rest);
  }
}
