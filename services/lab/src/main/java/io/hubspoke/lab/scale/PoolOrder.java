package io.hubspoke.lab.scale;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/** What a pool elsewhere is told, in JSON; it answers with a {@link PoolReport} each. */
public sealed interface PoolOrder {
  /** Begin with these nodes. */
  record Start(NodeRange nodes) implements PoolOrder {}

  /** Have these nodes end. */
  record Stop(NodeRange nodes) implements PoolOrder {}

  /**
   * Writes an order.
   *
   * @param id comes back with the report that it is done
   */
  default ObjectNode json(int id) {
    var range =
        switch (this) {
          case Start(var nodes) -> nodes;
          case Stop(var nodes) -> nodes;
        };
    return Json.object()
        .put("id", id)
        .put("order", this instanceof Start ? "start" : "stop")
        .put("first", range.first())
        .put("last", range.last());
  }

  /**
   * Reads an order.
   *
   * @throws IllegalArgumentException when it is none
   */
  static PoolOrder of(JsonNode json) {
    var nodes = new NodeRange(json.path("first").asInt(), json.path("last").asInt());
    return switch (json.path("order").asText()) {
      case "start" -> new Start(nodes);
      case "stop" -> new Stop(nodes);
      default -> throw new IllegalArgumentException("not an order: " + json);
    };
  }
}
