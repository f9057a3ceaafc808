package io.hubspoke.lab.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/**
 * What one load did.
 *
 * @param failed how many requests were not answered as expected, or events not delivered
 * @param times of the requests that were answered, or the events that came
 * @param server what it cost the server; null when that could not be seen
 */
public record Measurement(String what, long failed, double seconds, Latencies times, Cost server) {

  /** CPU time in all, and resident memory at the end. */
  public record Cost(double cpuSeconds, long megabytes, long peakMegabytes) {}

  public double perSecond() {
    return times.count() / seconds;
  }

  /** Returns the server's CPU time for each, in microseconds. */
  public double cpuMicros() {
    return server == null || times.count() == 0
        ? Double.NaN
        : server.cpuSeconds() * 1e6 / times.count();
  }

  public ObjectNode json() {
    ObjectNode json =
        Json.object()
            .put("what", what)
            .put("done", times.count())
            .put("failed", failed)
            .put("seconds", seconds)
            .put("perSecond", perSecond());
    number(json, "p50Millis", times.percentile(0.5));
    number(json, "p99Millis", times.percentile(0.99));
    if (server != null) {
      number(json, "serverCpuMicros", cpuMicros());
      json.put("serverMegabytes", server.megabytes());
      json.put("serverPeakMegabytes", server.peakMegabytes());
    }
    return json;
  }

  private static void number(ObjectNode json, String field, double value) {
    if (!Double.isNaN(value)) {
      json.put(field, value);
    }
  }
}
