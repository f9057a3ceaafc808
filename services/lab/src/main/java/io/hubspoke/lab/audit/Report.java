package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** Shows measured rows as a table for people, and as JSON with the evidence of every cell. */
public final class Report {
  private static final String RED = "\u001b[31m";
  private static final String GREEN = "\u001b[32m";
  private static final String PLAIN = "\u001b[0m";
  private static final int ID = 5;
  private static final int EGRESS = 8;

  /** The lines of a verdict's evidence that are quoted below the table. */
  static final String IN_SHORT = "inShort";

  private static final Property[] COLUMNS = Property.values();

  private final List<Row> rows;
  private final Duration took;

  public Report(List<Row> rows, Duration took) {
    this.rows = List.copyOf(rows);
    this.took = took;
  }

  /** Whether something was measured, and every row is as the documents say. */
  public boolean asExpected() {
    return !rows.isEmpty() && rows.stream().allMatch(Row::asExpected);
  }

  /** Prints the table; at most 120 columns wide. */
  public void print(PrintWriter out, boolean colours) {
    var title = Math.max(5, rows.stream().mapToInt(r -> r.title().length()).max().orElse(0));
    var line = new StringBuilder();
    line.append(pad("", ID)).append(pad("route", title + 1)).append(pad("posture", 9));
    line.append(pad("egress", EGRESS));
    for (var property : COLUMNS) {
      line.append(pad(heading(property), 7));
    }
    line.append(pad("expected", 9)).append("time");
    out.println(line);
    for (var row : rows) {
      print(row, title, out, colours);
    }
    quotes(out);
    out.println();
    out.println(
        "yes/NO: measured; '!' differs from what the documents say, '?' could not be measured.");
    out.println(
        "verif.: an interceptor with a foreign certificate is refused; NO: it read and altered.");
    if (rows.stream().anyMatch(row -> row.egress().startsWith("konnectivity-"))) {
      out.println("egress grpc, connect: Konnectivity by gRPC, by HTTP CONNECT.");
    }
    var good = rows.stream().filter(Row::asExpected).count();
    var inPart = rows.stream().filter(Row::inPart).count();
    var summary =
        "%d of %d routes as expected%s, measured in %.1f s"
            .formatted(
                good,
                rows.size(),
                inPart == 0 ? "" : ", %d of all measured in part".formatted(inPart),
                took.toMillis() / 1000.0);
    out.println(colour(summary, asExpected(), colours));
  }

  /**
   * What was read and altered, or how it was refused, in the words of each measurement. Rows of
   * which the same is to be said share it, but not those of different tunnels.
   */
  private void quotes(PrintWriter out) {
    var idsByQuote = new LinkedHashMap<Quote, List<String>>();
    for (var row : rows) {
      var lines = row.inShort();
      if (!lines.isEmpty()) {
        var tunnel = row.isTunnelled() ? row.egress() : "";
        idsByQuote.computeIfAbsent(new Quote(tunnel, lines), _ -> new ArrayList<>()).add(row.id());
      }
    }
    if (!idsByQuote.isEmpty()) {
      out.println("\nSeen on the wire:");
    }
    idsByQuote.forEach((quote, ids) -> print(quote, ids, out));
  }

  private static void print(Quote quote, List<String> ids, PrintWriter out) {
    var begin = pad("", ID);
    if (ids.size() == 1 && quote.tunnel().isEmpty()) {
      begin = pad(ids.getFirst(), ID);
    } else {
      var through = quote.tunnel().isEmpty() ? "" : " through " + quote.tunnel();
      out.println(String.join(" ", ids) + through);
    }
    for (var line : quote.lines()) {
      out.println(begin + line);
      begin = pad("", ID);
    }
  }

  /**
   * What is to be said of some rows.
   *
   * @param tunnel what carries them, or nothing
   */
  private record Quote(String tunnel, List<String> lines) {}

  /** Both ways of Konnectivity, as short as the column. */
  private static String shortEgress(Row row) {
    return row.egress().replace("konnectivity-", "").replace("http-", "");
  }

  private static String heading(Property property) {
    return switch (property) {
      case REACHABLE -> "reach.";
      case ENCRYPTED -> "encr.";
      case SERVER_VERIFIED -> "verif.";
      case CLIENT_AUTHENTICATED -> "authn";
      case AUTHORIZED -> "authz";
      case PATH -> "path";
    };
  }

  private static void print(Row row, int title, PrintWriter out, boolean colours) {
    var line = new StringBuilder();
    line.append(pad(row.id(), ID)).append(pad(row.title(), title + 1));
    line.append(pad(row.posture(), 9)).append(pad(shortEgress(row), EGRESS));
    for (var property : COLUMNS) {
      line.append(colour(pad(cell(row, property), 7), row.asExpected(property), colours));
    }
    line.append(colour(pad(row.asExpected() ? "yes" : "NO", 9), row.asExpected(), colours));
    line.append("%.1f s".formatted(row.took().toMillis() / 1000.0));
    out.println(line);
    row.failure().ifPresent(reason -> out.println("    failed: " + reason));
    row.verdicts()
        .forEach(
            (property, verdict) -> {
              if (verdict instanceof Verdict.NotMeasured(var reason)) {
                out.println("    " + property.title() + " is not measured: " + reason);
              }
              if (!row.asExpected(property)) {
                out.println(
                    "    " + property.title() + ": " + reason(verdict) + verdict.evidence());
              }
            });
  }

  private static String reason(Verdict verdict) {
    return verdict instanceof Verdict.Inconclusive(var reason, var _) ? reason + " " : "";
  }

  private static String cell(Row row, Property property) {
    var mark = row.asExpected(property) ? "" : " !";
    return switch (row.verdicts().get(property)) {
      case null -> row.expectation().containsKey(property) ? "?" + mark : "-";
      case Verdict.Holds _ -> "yes" + mark;
      case Verdict.Absent _ -> "NO" + mark;
      case Verdict.Inconclusive _ -> "?" + mark;
      case Verdict.NotMeasured _ -> "-";
    };
  }

  private static String colour(String text, boolean good, boolean colours) {
    return colours ? (good ? GREEN : RED) + text + PLAIN : text;
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(1, width - text.length()));
  }

  /** The same with the evidence behind every cell. */
  public ObjectNode json() {
    var report =
        Json.object().put("asExpected", asExpected()).put("seconds", took.toMillis() / 1000.0);
    var array = report.putArray("routes");
    for (var row : rows) {
      var node =
          array
              .addObject()
              .put("id", row.id())
              .put("route", row.title())
              .put("posture", row.posture())
              .put("egress", row.egress())
              .put("asExpected", row.asExpected())
              .put("seconds", row.took().toMillis() / 1000.0);
      row.failure().ifPresent(reason -> node.put("failure", reason));
      var properties = node.putObject("properties");
      for (var property : COLUMNS) {
        var verdict = row.verdicts().get(property);
        var expected = row.expectation().get(property);
        var absent = row.notApplicable().get(property);
        if (absent != null) {
          properties.putObject(property.title()).put("measured", "-").put("reason", absent);
        }
        if (verdict == null && expected == null) {
          continue;
        }
        var cell = properties.putObject(property.title()).put("expected", expected);
        switch (verdict) {
          case null -> cell.put("measured", "nothing");
          case Verdict.Holds(var evidence) -> cell.put("measured", true).set("evidence", evidence);
          case Verdict.Absent(var evidence) ->
              cell.put("measured", false).set("evidence", evidence);
          case Verdict.NotMeasured(var reason) -> cell.put("measured", "-").put("reason", reason);
          case Verdict.Inconclusive(var reason, var evidence) ->
              cell.put("measured", "inconclusive: " + reason).set("evidence", evidence);
        }
      }
    }
    return report;
  }
}
