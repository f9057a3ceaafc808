package io.hubspoke.lab.bench.service;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.util.List;

/**
 * What a load came to, or how long something took.
 *
 * @param mode of the kube-proxy
 * @param direct what it was at the endpoints' own addresses, round by round; empty for a time
 * @param virtual what it was by the virtual address in the same rounds, or the times
 * @param directMicros of processor for each, of all that take part, in the same rounds
 * @param virtualMicros the same by the virtual address
 * @param bar by how much of the direct path the virtual one may be below; NaN for a time
 * @param failure why there are no figures; null when there are
 */
public record ServiceFigure(
    String mode,
    String what,
    String unit,
    List<Double> direct,
    List<Double> virtual,
    List<Double> directMicros,
    List<Double> virtualMicros,
    double bar,
    String failure) {
  public ServiceFigure {
    direct = List.copyOf(direct);
    virtual = List.copyOf(virtual);
    directMicros = List.copyOf(directMicros);
    virtualMicros = List.copyOf(virtualMicros);
  }

  static ServiceFigure time(String mode, String what, List<Double> millis) {
    return new ServiceFigure(
        mode, what, "ms", List.of(), millis, List.of(), List.of(), Double.NaN, null);
  }

  static ServiceFigure failed(String mode, String what, Throwable why) {
    String words = why.getMessage() == null ? why.toString() : why.getMessage();
    return new ServiceFigure(
        mode, what, "", List.of(), List.of(), List.of(), List.of(), Double.NaN, words);
  }

  /** Returns whether it tells two ways apart. */
  public boolean compares() {
    return !direct.isEmpty();
  }

  public double directMedian() {
    return median(direct);
  }

  public double virtualMedian() {
    return median(virtual);
  }

  public double directMicrosMedian() {
    return median(directMicros);
  }

  public double virtualMicrosMedian() {
    return median(virtualMicros);
  }

  /** Returns by how much of the direct path the virtual one is below it. */
  public double below() {
    return 1 - virtualMedian() / directMedian();
  }

  public boolean withinBar() {
    return below() <= bar;
  }

  private static double median(List<Double> values) {
    var sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  public ObjectNode json() {
    ObjectNode json = Json.object().put("mode", mode).put("what", what);
    if (failure != null) {
      return json.put("failure", failure);
    }
    json.put("unit", unit);
    if (compares()) {
      json.put("direct", directMedian()).put("virtual", virtualMedian());
      json.put("below", below()).put("bar", bar).put("withinBar", withinBar());
      json.put("directProcessorMicros", directMicrosMedian());
      json.put("virtualProcessorMicros", virtualMicrosMedian());
      var rounds = json.putArray("directRounds");
      direct.forEach(rounds::add);
    } else {
      json.put("value", virtualMedian());
    }
    var rounds = json.putArray(compares() ? "virtualRounds" : "rounds");
    virtual.forEach(rounds::add);
    return json;
  }
}
