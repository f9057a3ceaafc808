package io.hubspoke.lab.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/**
 * What a load of streams came to.
 *
 * @param failure why there is no figure; null when there is one
 */
public record StreamFigure(String what, double value, String unit, String failure) {

  static StreamFigure of(String what, double value, String unit) {
    return new StreamFigure(what, value, unit, null);
  }

  static StreamFigure failed(String what, Throwable why) {
    return new StreamFigure(
        what, Double.NaN, "", why.getMessage() == null ? why.toString() : why.getMessage());
  }

  public ObjectNode json() {
    ObjectNode json = Json.object().put("what", what);
    return failure == null
        ? json.put("value", value).put("unit", unit)
        : json.put("failure", failure);
  }
}
