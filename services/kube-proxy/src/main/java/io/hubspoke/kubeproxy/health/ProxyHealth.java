package io.hubspoke.kubeproxy.health;

import io.hubspoke.kubeproxy.metrics.ProxyMetrics;
import io.vertx.core.http.HttpServerRequest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * Whether what the node forwards keeps up with the cluster: unhealthy is a proxy that has had a
 * change for a minute without having done it. Thread-safe.
 */
public final class ProxyHealth {
  /** Twice the period after which the real one looks at everything again. */
  private static final Duration LATE = Duration.ofMinutes(1);

  /** As Go prints a time. */
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSSSSS '+0000 UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private static final String NEVER = "0001-01-01 00:00:00 +0000 UTC";

  private final Clock clock;
  private final ProxyMetrics metrics;
  private Instant pendingSince;
  private Instant updated;
  private boolean nodeEligible = true;

  public ProxyHealth(Clock clock, ProxyMetrics metrics) {
    this.clock = clock;
    this.metrics = metrics;
  }

  /** Hears that there is something to do. */
  public synchronized void queued() {
    if (pendingSince == null) {
      pendingSince = clock.instant();
    }
  }

  /** Hears that all that was known has been done. */
  public synchronized void updated() {
    pendingSince = null;
    updated = clock.instant();
  }

  /** Hears whether load balancers may send the node new connections. */
  public synchronized void nodeEligible(boolean eligible) {
    nodeEligible = eligible;
  }

  /** Returns whether the proxy keeps up, whatever becomes of the node. */
  public synchronized boolean isHealthy() {
    return pendingSince == null
        || Duration.between(pendingSince, clock.instant()).compareTo(LATE) < 0;
  }

  /** Answers {@code /healthz}: for load balancers, so that it says also whether the node stays. */
  synchronized void healthz(HttpServerRequest request) {
    var healthy = isHealthy() && nodeEligible;
    metrics.healthz(healthy ? 200 : 503);
    answer(request, healthy, ", \"nodeEligible\": " + nodeEligible);
  }

  /** Answers {@code /livez}: for the kubelet, which need not restart a proxy of a leaving node. */
  synchronized void livez(HttpServerRequest request) {
    var healthy = isHealthy();
    metrics.livez(healthy ? 200 : 503);
    answer(request, healthy, "");
  }

  private void answer(HttpServerRequest request, boolean healthy, String more) {
    var now = TIME.format(clock.instant());
    // A healthy proxy calls itself up to date as of now, though nothing may have changed for long.
    var last = healthy ? now : updated == null ? NEVER : TIME.format(updated);
    HttpListener.answer(
        request,
        healthy ? 200 : 503,
        "application/json",
        "{\"lastUpdated\": \"%s\",\"currentTime\": \"%s\"%s}".formatted(last, now, more));
  }
}
