package io.hubspoke.apiserver.egress;

import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.Histogram;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts and times dials through Konnectivity under the real apiserver's metric names. */
public final class DialMetrics {
  private static final String STARTS = "apiserver_egress_dialer_dial_start_total";
  private static final String DURATIONS = "apiserver_egress_dialer_dial_duration_seconds";
  private static final String FAILURES = "apiserver_egress_dialer_dial_failure_count";

  private final Map<String, Way> ways = new ConcurrentSkipListMap<>();

  /** At which step a dial failed. */
  enum Stage {
    /** On the way to the proxy server. */
    CONNECT,
    /** On the way from there to the target. */
    PROXY
  }

  /** What there is to say of one protocol over one transport. */
  static final class Way {
    private final String protocol;
    private final String transport;
    private final LongAdder starts = new LongAdder();
    private final LongAdder connectFailures = new LongAdder();
    private final LongAdder proxyFailures = new LongAdder();
    private final Histogram durations = new Histogram(0.005, 0.025, 0.1, 0.5, 2.5, 12.5);

    private Way(String protocol, String transport) {
      this.protocol = protocol;
      this.transport = transport;
    }

    void started() {
      starts.increment();
    }

    void succeeded(Duration time) {
      durations.record(time);
    }

    void failed(Stage stage) {
      switch (stage) {
        case CONNECT -> connectFailures.increment();
        case PROXY -> proxyFailures.increment();
      }
    }
  }

  /**
   * Returns the counters of one way.
   *
   * @param protocol {@code grpc} or {@code http_connect}
   * @param transport {@code tcp} or {@code uds}
   */
  Way of(String protocol, String transport) {
    return ways.computeIfAbsent(protocol + "/" + transport, key -> new Way(protocol, transport));
  }

  /** Returns them in Prometheus' text format. */
  public String text() {
    Exposition text =
        new Exposition()
            .family(STARTS, "counter", "Dials begun, by protocol and transport.")
            .family(DURATIONS, "histogram", "Seconds that successful dials took.")
            .family(FAILURES, "counter", "Dials failed, by protocol, transport and stage.");
    for (Way way : ways.values()) {
      String[] labels = {"protocol", way.protocol, "transport", way.transport};
      text.add(STARTS, way.starts.sum(), labels);
      text.add(DURATIONS, way.durations, labels);
      failures(text, way, "connect", way.connectFailures.sum());
      failures(text, way, "proxy", way.proxyFailures.sum());
    }
    return text.text();
  }

  private static void failures(Exposition text, Way way, String stage, long count) {
    if (count > 0) {
      text.add(
          FAILURES, count, "protocol", way.protocol, "stage", stage, "transport", way.transport);
    }
  }
}
