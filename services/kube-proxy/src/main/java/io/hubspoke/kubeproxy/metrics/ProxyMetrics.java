package io.hubspoke.kubeproxy.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Counts and times under the real kube-proxy's metric names. Thread-safe. */
public final class ProxyMetrics {
  private static final String FAMILY = "ip_family";
  private static final String IPV4 = "IPv4";

  /** While nothing can be programmed, no more are remembered. */
  private static final int MOST_TRIGGERS = 10_000;

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Instant began = Instant.now();
  private final Timer sync =
      Timer.builder("kubeproxy_sync_proxy_rules_duration_seconds")
          .description("SyncProxyRules latency in seconds")
          .tag(FAMILY, IPV4)
          .serviceLevelObjectives(
              IntStream.range(0, 15)
                  .mapToObj(i -> Duration.ofMillis(1L << i))
                  .toArray(Duration[]::new))
          .register(registry);
  private final Timer programming =
      Timer.builder("kubeproxy_network_programming_duration_seconds")
          .description("In Cluster Network Programming Latency in seconds")
          .tag(FAMILY, IPV4)
          .serviceLevelObjectives(programmingBuckets())
          .register(registry);
  private final Counter serviceChanges = counter("service", "Service");
  private final Counter endpointChanges = counter("endpoint", "Endpoint");
  private long servicesPending;
  private long endpointsPending;
  private double lastSynced;
  private double lastQueued;
  private List<Instant> triggers = new ArrayList<>();

  public ProxyMetrics() {
    gauge(
        "endpoint_changes_pending",
        "Pending proxy rules Endpoint changes",
        m -> m.endpointsPending);
    gauge("service_changes_pending", "Pending proxy rules Service changes", m -> m.servicesPending);
    gauge(
        "last_timestamp_seconds",
        "The last time proxy rules were successfully synced",
        m -> m.lastSynced);
    gauge(
        "last_queued_timestamp_seconds",
        "The last time a sync of proxy rules was queued",
        m -> m.lastQueued);
    double started = ManagementFactory.getRuntimeMXBean().getStartTime() / 1000.0;
    Gauge.builder("process_start_time_seconds", () -> started)
        .description("Start time of the process since unix epoch in seconds.")
        .register(registry);
  }

  private static Duration[] programmingBuckets() {
    return Stream.of(
            Stream.of(Duration.ofMillis(250), Duration.ofMillis(500)),
            IntStream.range(0, 59).mapToObj(i -> Duration.ofSeconds(1 + i)),
            IntStream.range(0, 12).mapToObj(i -> Duration.ofSeconds(60 + 5L * i)),
            IntStream.range(0, 7).mapToObj(i -> Duration.ofSeconds(120 + 30L * i)))
        .flatMap(buckets -> buckets)
        .toArray(Duration[]::new);
  }

  private Counter counter(String what, String name) {
    return Counter.builder("kubeproxy_sync_proxy_rules_" + what + "_changes_total")
        .description("Cumulative proxy rules " + name + " changes")
        .tag(FAMILY, IPV4)
        .register(registry);
  }

  private void gauge(
      String name, String help, java.util.function.ToDoubleFunction<ProxyMetrics> value) {
    Gauge.builder(
            "kubeproxy_sync_proxy_rules_" + name,
            this,
            metrics -> {
              synchronized (metrics) {
                return value.applyAsDouble(metrics);
              }
            })
        .description(help)
        .tag(FAMILY, IPV4)
        .register(registry);
  }

  /** Counts a change of a service. */
  public synchronized void serviceChanged() {
    serviceChanges.increment();
    servicesPending++;
  }

  /**
   * Counts a change of an endpoint slice.
   *
   * @param trigger when what brought it about happened; null when the slice doesn't say
   */
  public synchronized void endpointsChanged(Instant trigger) {
    endpointChanges.increment();
    endpointsPending++;
    // What happened before this process began is not its delay.
    if (trigger != null && trigger.isAfter(began) && triggers.size() < MOST_TRIGGERS) {
      triggers.add(trigger);
    }
  }

  /** Notes that there is something to do. */
  public synchronized void queued() {
    lastQueued = now();
  }

  /** Takes the changes that are being done from those that wait; returns what began them. */
  public synchronized List<Instant> taken() {
    var of = triggers;
    triggers = new ArrayList<>();
    servicesPending = 0;
    endpointsPending = 0;
    return of;
  }

  /** Puts back what was not done. */
  public synchronized void failed(List<Instant> taken) {
    triggers.addAll(taken);
  }

  /** Measures a change of the rules that was done. */
  public synchronized void synced(Duration took, List<Instant> taken) {
    sync.record(took);
    lastSynced = now();
    var done = Instant.now();
    taken.forEach(trigger -> programming.record(Duration.between(trigger, done)));
  }

  public void healthz(int code) {
    registry.counter("kubeproxy_proxy_healthz_total", "code", "" + code).increment();
  }

  public void livez(int code) {
    registry.counter("kubeproxy_proxy_livez_total", "code", "" + code).increment();
  }

  /** Returns all in Prometheus' text format. */
  public String scrape() {
    return registry.scrape();
  }

  private static double now() {
    return System.currentTimeMillis() / 1000.0;
  }
}
