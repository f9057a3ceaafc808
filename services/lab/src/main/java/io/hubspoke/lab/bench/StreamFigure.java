package io.hubspoke.lab.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/**
 * What a load of streams came to.
 *
 * @param busy how many processors each process kept busy meanwhile; null without a figure
 * @param failure why there is no figure; null when there is one
 */
public record StreamFigure(String what, double value, String unit, Busy busy, String failure) {

  /** Shares of processors, of the load itself too: it may be what limits a figure. */
  public record Busy(double apiserver, double kubelet, double load) {

    @Override
    public String toString() {
      return "%.2f apiserver, %.2f kubelet, %.2f load".formatted(apiserver, kubelet, load);
    }
  }

  static StreamFigure of(String what, double value, String unit, Busy busy) {
    return new StreamFigure(what, value, unit, busy, null);
  }

  static StreamFigure failed(String what, Throwable why) {
    return new StreamFigure(
        what, Double.NaN, "", null, why.getMessage() == null ? why.toString() : why.getMessage());
  }

  public ObjectNode json() {
    ObjectNode json = Json.object().put("what", what);
    if (failure != null) {
      return json.put("failure", failure);
    }
    json.put("value", value).put("unit", unit);
    json.putObject("busyProcessors")
        .put("apiserver", busy.apiserver())
        .put("kubelet", busy.kubelet())
        .put("load", busy.load());
    return json;
  }
}
