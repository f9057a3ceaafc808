package io.hubspoke.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/**
 * How an object is to be deleted.
 *
 * @param gracePeriodSeconds negative for the object's own
 * @param uid deletes only this very object; empty for any of the name
 * @param resourceVersion deletes it only in this state; empty for any
 * @param propagation what becomes of its dependents
 */
public record DeleteOptions(
    long gracePeriodSeconds, String uid, String resourceVersion, Propagation propagation) {
  public static final DeleteOptions DEFAULT = new DeleteOptions(-1, "");

  /** What becomes of an object's dependents ({@code propagationPolicy}). */
  public enum Propagation {
    /** What is usual for the kind. */
    UNSET(""),
    BACKGROUND("Background"),
    FOREGROUND("Foreground"),
    ORPHAN("Orphan");

    private final String policy;

    Propagation(String policy) {
      this.policy = policy;
    }
  }

  public DeleteOptions(long gracePeriodSeconds, String uid) {
    this(gracePeriodSeconds, uid, "", Propagation.UNSET);
  }

  /** Deletes at once, and only the object with this UID. */
  public static DeleteOptions now(String uid) {
    return new DeleteOptions(0, uid);
  }

  ObjectNode toJson() {
    ObjectNode json = Json.object().put("kind", "DeleteOptions").put("apiVersion", "v1");
    if (gracePeriodSeconds >= 0) {
      json.put("gracePeriodSeconds", gracePeriodSeconds);
    }
    if (!uid.isEmpty()) {
      json.withObject("preconditions").put("uid", uid);
    }
    if (!resourceVersion.isEmpty()) {
      json.withObject("preconditions").put("resourceVersion", resourceVersion);
    }
    if (propagation != Propagation.UNSET) {
      json.put("propagationPolicy", propagation.policy);
    }
    return json;
  }
}
