package io.hubspoke.runtime;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Collects metrics in Prometheus' text format, each family's samples together. */
public final class Exposition {
  /** The content type. */
  public static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private record Family(String head, StringBuilder samples) {}

  private final Map<String, Family> families = new LinkedHashMap<>();

  /**
   * Begins a family, which may stay without samples.
   *
   * @param type {@code counter}, {@code gauge} or {@code histogram}
   */
  public Exposition family(String name, String type, String help) {
    String head = "# HELP %s %s\n# TYPE %s %s\n".formatted(name, help, name, type);
    families.put(name, new Family(head, new StringBuilder()));
    return this;
  }

  /** Adds a sample without a time. */
  public void add(String family, Number value, String... labels) {
    families.get(family).samples.append(line(family, value, labels)).append('\n');
  }

  /**
   * Adds a sample.
   *
   * @param labels names and values in turn
   */
  public void add(String family, Number value, Instant at, String... labels) {
    families
        .get(family)
        .samples
        .append(line(family, value, labels))
        .append(' ')
        .append(at.toEpochMilli())
        .append('\n');
  }

  /** Adds what a histogram has counted. */
  public void add(String family, Histogram histogram, String... labels) {
    StringBuilder samples = families.get(family).samples;
    String[] more = Arrays.copyOf(labels, labels.length + 2);
    more[labels.length] = "le";
    for (int step = 0; step <= histogram.steps(); step++) {
      more[labels.length + 1] = step == histogram.steps() ? "+Inf" : number(histogram.bound(step));
      samples.append(line(family + "_bucket", histogram.upTo(step), more)).append('\n');
    }
    samples.append(line(family + "_sum", histogram.sum(), labels)).append('\n');
    long count = histogram.upTo(histogram.steps());
    samples.append(line(family + "_count", count, labels)).append('\n');
  }

  private static String number(double bound) {
    return BigDecimal.valueOf(bound).stripTrailingZeros().toPlainString();
  }

  private static String line(String family, Number value, String... labels) {
    StringBuilder line = new StringBuilder(family);
    for (int i = 0; i < labels.length; i += 2) {
      line.append(i == 0 ? '{' : ',').append(labels[i]).append("=\"");
      line.append(labels[i + 1].replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\\""));
      line.append('"');
    }
    line.append(labels.length == 0 ? " " : "} ");
    if (value instanceof Double number && number.isInfinite()) {
      return line.append(number > 0 ? "+Inf" : "-Inf").toString();
    }
    // No exponent where whole numbers are meant: bytes are read by people too.
    return line.append(new BigDecimal(value.toString()).stripTrailingZeros().toPlainString())
        .toString();
  }

  /** Returns everything, without families that have no sample. */
  public String text() {
    StringBuilder text = new StringBuilder();
    families.values().stream()
        .filter(family -> !family.samples.isEmpty())
        .forEach(family -> text.append(family.head).append(family.samples));
    return text.toString();
  }
}
