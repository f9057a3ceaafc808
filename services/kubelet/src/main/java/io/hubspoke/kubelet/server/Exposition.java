package io.hubspoke.kubelet.server;

import io.vertx.core.buffer.Buffer;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** Collects metrics in Prometheus' text format, each family's samples together. */
final class Exposition {
  private static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private record Family(String head, StringBuilder samples) {}

  private final Map<String, Family> families = new LinkedHashMap<>();

  /**
   * Begins a family, which may stay without samples.
   *
   * @param type {@code counter} or {@code gauge}
   */
  Exposition family(String name, String type, String help) {
    String head = "# HELP %s %s\n# TYPE %s %s\n".formatted(name, help, name, type);
    families.put(name, new Family(head, new StringBuilder()));
    return this;
  }

  /** Adds a sample without a time. */
  void add(String family, Number value, String... labels) {
    families.get(family).samples.append(line(family, value, labels)).append('\n');
  }

  /**
   * Adds a sample.
   *
   * @param labels names and values in turn
   */
  void add(String family, Number value, Instant at, String... labels) {
    families
        .get(family)
        .samples
        .append(line(family, value, labels))
        .append(' ')
        .append(at.toEpochMilli())
        .append('\n');
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

  void answer(Exchange exchange) {
    Buffer text = Buffer.buffer();
    families.values().stream()
        .filter(family -> !family.samples.isEmpty())
        .forEach(family -> text.appendString(family.head).appendString(family.samples.toString()));
    exchange.answer(200, TYPE, text);
  }
}
