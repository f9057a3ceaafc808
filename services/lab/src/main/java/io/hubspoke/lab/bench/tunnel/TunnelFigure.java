package io.hubspoke.lab.bench.tunnel;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/**
 * What one load came to over one way.
 *
 * @param bar what it is measured against
 * @param failure why there is no figure; null when there is one
 */
public record TunnelFigure(
    String way, String what, double value, String unit, Bar bar, String failure) {

  /** What a figure is to reach. */
  public sealed interface Bar {
    /** Nothing was promised. */
    record None() implements Bar {}

    /** It must be as much. */
    record AtLeast(double value) implements Bar {}

    /** It must be below. */
    record Below(double value) implements Bar {}

    Bar NONE = new None();

    private boolean isMet(double value) {
      return switch (this) {
        case None _ -> true;
        case AtLeast(var least) -> value >= least;
        case Below(var most) -> value < most;
      };
    }

    private String words() {
      return switch (this) {
        case None _ -> "";
        case AtLeast(var least) -> ">= %,.0f".formatted(least);
        case Below(var most) -> "< %,.0f".formatted(most);
      };
    }
  }

  static TunnelFigure of(String way, String what, double value, String unit, Bar bar) {
    return new TunnelFigure(way, what, value, unit, bar, null);
  }

  static TunnelFigure failed(String way, String what, Throwable why) {
    var words = why.getMessage() == null ? why.toString() : why.getMessage();
    return new TunnelFigure(way, what, Double.NaN, "", Bar.NONE, words);
  }

  /** Returns what it had to reach, in short, and whether it missed that. */
  public String barInWords() {
    return bar.words() + (bar.isMet(value) ? "" : "  missed");
  }

  public ObjectNode json() {
    var json = Json.object().put("way", way).put("what", what);
    if (failure != null) {
      return json.put("failure", failure);
    }
    json.put("value", value).put("unit", unit);
    if (!(bar instanceof Bar.None)) {
      json.put("bar", bar.words()).put("withinBar", bar.isMet(value));
    }
    return json;
  }
}
