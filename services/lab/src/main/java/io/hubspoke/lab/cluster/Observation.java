package io.hubspoke.lab.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.lab.scale.PoolReport;

/**
 * What a member says of itself, its machine and its nodes.
 *
 * @param member its name in the cluster
 * @param name its name for people: host and process
 * @param capacity nodes that it takes at most
 * @param processors of its machine
 * @param busy which part of them is, by whatever process
 * @param freeMegabytes that processes of its machine may still have
 * @param residentMegabytes of its process
 * @param peakMegabytes of its process
 * @param cpuSeconds that its process has used
 */
record Observation(
    String member,
    String name,
    int capacity,
    int processors,
    double busy,
    long freeMegabytes,
    long residentMegabytes,
    long peakMegabytes,
    double cpuSeconds,
    PoolReport report) {

  ObjectNode json() {
    var json =
        Json.object()
            .put("member", member)
            .put("name", name)
            .put("capacity", capacity)
            .put("processors", processors)
            .put("busy", busy)
            .put("freeMegabytes", freeMegabytes)
            .put("residentMegabytes", residentMegabytes)
            .put("peakMegabytes", peakMegabytes)
            .put("cpuSeconds", cpuSeconds);
    json.set("report", report.json());
    return json;
  }

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException when it is none
   */
  static Observation of(ObjectNode json) {
    var member = json.path("member").asText();
    var capacity = json.path("capacity").asInt();
    var processors = json.path("processors").asInt();
    if (member.isEmpty() || capacity < 1 || processors < 1) {
      throw new IllegalArgumentException("not an observation: " + json);
    }
    return new Observation(
        member,
        json.path("name").asText(),
        capacity,
        processors,
        Math.clamp(json.path("busy").asDouble(), 0, 1),
        json.path("freeMegabytes").asLong(),
        json.path("residentMegabytes").asLong(),
        json.path("peakMegabytes").asLong(),
        json.path("cpuSeconds").asDouble(),
        PoolReport.of(json.path("report")));
  }
}
