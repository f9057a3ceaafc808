package io.hubspoke.lab.scale;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/**
 * How a pool fares.
 *
 * @param asked nodes that it was to start and not to stop since
 * @param joined those that the cluster has let in, whose pods are watched
 * @param failed those that have ended by themselves
 * @param failure why the last of them did; may be empty
 */
public record PoolReport(int asked, int joined, int failed, String failure) {
  /** Of a pool that has not reported. */
  public static final PoolReport NOTHING = new PoolReport(0, 0, 0, "");

  /** Returns it for other processes. */
  public ObjectNode json() {
    return Json.object()
        .put("asked", asked)
        .put("joined", joined)
        .put("failed", failed)
        .put("failure", failure);
  }

  /** Reads what {@link #json()} returns. */
  public static PoolReport of(JsonNode json) {
    return new PoolReport(
        json.path("asked").asInt(),
        json.path("joined").asInt(),
        json.path("failed").asInt(),
        json.path("failure").asText());
  }

  /** Returns whether each node has joined, or can't. */
  public boolean complete() {
    return joined + failed >= asked;
  }
}
