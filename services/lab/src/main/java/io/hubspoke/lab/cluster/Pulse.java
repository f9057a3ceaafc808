package io.hubspoke.lab.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.net.URI;

/**
 * Tells that the lab goes on, and which cluster its nodes join. Who vouches for that cluster, and
 * by what right nodes join it, each member knows from elsewhere.
 *
 * @param coordinator the member that began the lab; it ends with it
 * @param server the apiserver's URL
 * @param block of loopback addresses that the lab has
 * @param ended whether this is the last one
 */
public record Pulse(String coordinator, URI server, int block, boolean ended) {
  ObjectNode json() {
    return Json.object()
        .put("coordinator", coordinator)
        .put("server", server.toString())
        .put("block", block)
        .put("ended", ended);
  }

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException when it is none
   */
  static Pulse of(ObjectNode json) {
    var server = URI.create(json.path("server").asText());
    if (!"https".equals(server.getScheme()) || server.getHost() == null) {
      throw new IllegalArgumentException("not an apiserver's URL: " + server);
    }
    return new Pulse(
        json.path("coordinator").asText(),
        server,
        json.path("block").asInt(-1),
        json.path("ended").asBoolean());
  }
}
