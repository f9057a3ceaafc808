package io.hubspoke.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/**
 * How an object is to be deleted.
 *
 * @param gracePeriodSeconds negative for the object's own
 * @param uid deletes only this very object; empty for any of the name
 */
public record DeleteOptions(long gracePeriodSeconds, String uid) {
  public static final DeleteOptions DEFAULT = new DeleteOptions(-1, "");

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
      json.putObject("preconditions").put("uid", uid);
    }
    return json;
  }
}
