package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.JsonNode;

/** The conditions in the status of a node or a pod. */
final class Conditions {
  private Conditions() {}

  /**
   * Returns {@code True}, {@code False} or {@code Unknown}; empty when there is none of the type.
   */
  static String of(JsonNode status, String type) {
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asText().equals(type)) {
        return condition.path("status").asText();
      }
    }
    return "";
  }
}
