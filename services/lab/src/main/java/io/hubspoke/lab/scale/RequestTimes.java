package io.hubspoke.lab.scale;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * How long an apiserver took over requests, by verb and resource, as its histogram {@code
 * apiserver_request_duration_seconds} has it since it started.
 */
record RequestTimes(Map<Kind, TreeMap<Double, Double>> buckets) {
  private static final Pattern BUCKET =
      Pattern.compile("apiserver_request_duration_seconds_bucket\\{(.*)} (\\S+)");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"([^\"]*)\"");

  /** What was asked; a subresource follows its resource, after a slash. */
  record Kind(String verb, String resource) {}

  /** Percentiles in milliseconds, by interpolation within a bucket. */
  record Percentiles(
      String verb, String resource, long count, double p50, double p90, double p99) {}

  /** Reads the text of {@code /metrics}. */
  static RequestTimes read(String metrics) {
    var buckets = new HashMap<Kind, TreeMap<Double, Double>>();
    metrics
        .lines()
        .filter(line -> line.startsWith("apiserver_request_duration_seconds_bucket"))
        .forEach(
            line -> {
              var found = BUCKET.matcher(line);
              if (!found.matches()) {
                return;
              }
              var labels = new HashMap<String, String>();
              var label = LABEL.matcher(found.group(1));
              while (label.find()) {
                labels.put(label.group(1), label.group(2));
              }
              var resource = labels.getOrDefault("resource", "");
              var subresource = labels.getOrDefault("subresource", "");
              var kind =
                  new Kind(
                      labels.getOrDefault("verb", ""),
                      subresource.isEmpty() ? resource : resource + "/" + subresource);
              var bound = labels.getOrDefault("le", "+Inf");
              buckets
                  .computeIfAbsent(kind, k -> new TreeMap<>())
                  .merge(
                      bound.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bound),
                      Double.parseDouble(found.group(2)),
                      Double::sum);
            });
    return new RequestTimes(buckets);
  }

  /** Returns the percentiles of what came since an earlier look, the most frequent first. */
  List<Percentiles> since(RequestTimes before) {
    var percentiles = new ArrayList<Percentiles>();
    buckets.forEach(
        (kind, now) -> {
          var then = before.buckets.getOrDefault(kind, new TreeMap<>());
          var counts = new TreeMap<Double, Double>();
          now.forEach((bound, count) -> counts.put(bound, count - then.getOrDefault(bound, 0.0)));
          var total = counts.lastEntry().getValue();
          if (total > 0 && !kind.resource.isEmpty()) {
            percentiles.add(
                new Percentiles(
                    kind.verb,
                    kind.resource,
                    total.longValue(),
                    percentile(counts, 0.5),
                    percentile(counts, 0.9),
                    percentile(counts, 0.99)));
          }
        });
    percentiles.sort((a, b) -> Long.compare(b.count, a.count));
    return percentiles;
  }

  private static double percentile(TreeMap<Double, Double> counts, double share) {
    var wanted = counts.lastEntry().getValue() * share;
    var below = 0.0;
    var lower = 0.0;
    for (var bucket : counts.entrySet()) {
      if (bucket.getValue() >= wanted) {
        if (bucket.getKey().isInfinite()) {
          return lower * 1000;
        }
        var within = bucket.getValue() - below;
        var part = within == 0 ? 1 : (wanted - below) / within;
        return (lower + (bucket.getKey() - lower) * part) * 1000;
      }
      below = bucket.getValue();
      lower = bucket.getKey();
    }
    return lower * 1000;
  }
}
