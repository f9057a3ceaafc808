package io.hubspoke.apiserver.webhook;

import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.Histogram;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts and times calls of webhooks under the real apiserver's metric names. */
public final class WebhookMetrics {
  private static final String DURATIONS = "apiserver_admission_webhook_admission_duration_seconds";
  private static final String REJECTIONS = "apiserver_admission_webhook_rejection_count";
  private static final String FAIL_OPENS = "apiserver_admission_webhook_fail_open_count";
  private static final String REQUESTS = "apiserver_admission_webhook_request_total";
  private static final double[] BOUNDS = {0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10, 25};

  /** More would be a webhook's mistake, and each costs a counter. */
  private static final int LARGEST_CODE = 600;

  private static final String SEPARATOR = "\0";

  private final Map<String, Histogram> durations = new ConcurrentSkipListMap<>();
  private final Map<String, LongAdder> rejections = new ConcurrentSkipListMap<>();
  private final Map<String, LongAdder> failOpens = new ConcurrentSkipListMap<>();
  private final Map<String, LongAdder> requests = new ConcurrentSkipListMap<>();

  /** Notes what came of one call. */
  void called(Invocation invocation, String step, Verdict verdict, Duration time) {
    String name = invocation.webhook().name();
    String operation = invocation.request().operation().name();
    int code =
        Math.min(
            LARGEST_CODE,
            switch (verdict) {
              case Verdict.Allowed allowed -> 200;
              case Verdict.Denied denied -> denied.status().code();
              case Verdict.Unasked unasked -> unasked.code();
              case Verdict.Impossible impossible -> 0;
            });
    String error =
        switch (verdict) {
          case Verdict.Allowed allowed -> "";
          case Verdict.Denied denied -> "no_error";
          case Verdict.Unasked unasked ->
              invocation.webhook().failsOpen() ? "" : "calling_webhook_error";
          case Verdict.Impossible impossible -> "apiserver_internal_error";
        };
    String rejected = Boolean.toString(!error.isEmpty());
    if (!error.isEmpty()) {
      count(rejections, name, step, operation, error, Integer.toString(code));
    }
    count(requests, name, step, operation, Integer.toString(code), rejected);
    durations
        .computeIfAbsent(key(name, step, operation, rejected), key -> new Histogram(BOUNDS))
        .record(time);
  }

  /** Notes that a request passed since a webhook could not be asked. */
  void failedOpen(String name, String step) {
    count(failOpens, name, step);
  }

  private static void count(Map<String, LongAdder> counters, String... labels) {
    counters.computeIfAbsent(key(labels), key -> new LongAdder()).increment();
  }

  private static String key(String... labels) {
    return String.join(SEPARATOR, labels);
  }

  /** Returns them in Prometheus' text format. */
  public String text() {
    Exposition text =
        new Exposition()
            .family(DURATIONS, "histogram", "Seconds that webhooks took.")
            .family(REJECTIONS, "counter", "Requests that fail by a webhook, and why.")
            .family(FAIL_OPENS, "counter", "Requests that pass although a webhook wasn't asked.")
            .family(REQUESTS, "counter", "Calls of webhooks.");
    durations.forEach(
        (key, histogram) ->
            text.add(
                DURATIONS,
                histogram,
                labels(key, List.of("name", "type", "operation", "rejected"))));
    List<String> rejected = List.of("name", "type", "operation", "error_type", "rejection_code");
    rejections.forEach((key, count) -> text.add(REJECTIONS, count.sum(), labels(key, rejected)));
    failOpens.forEach(
        (key, count) -> text.add(FAIL_OPENS, count.sum(), labels(key, List.of("name", "type"))));
    List<String> called = List.of("name", "type", "operation", "code", "rejected");
    requests.forEach((key, count) -> text.add(REQUESTS, count.sum(), labels(key, called)));
    return text.text();
  }

  private static String[] labels(String key, List<String> names) {
    String[] values = key.split(SEPARATOR, -1);
    String[] labels = new String[2 * values.length];
    for (int i = 0; i < values.length; i++) {
      labels[2 * i] = names.get(i);
      labels[2 * i + 1] = values[i];
    }
    return labels;
  }
}
