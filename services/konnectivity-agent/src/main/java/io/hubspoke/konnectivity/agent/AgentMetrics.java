package io.hubspoke.konnectivity.agent;

import io.hubspoke.api.ApiException;
import io.hubspoke.client.Informer;
import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.Histogram;
import io.hubspoke.runtime.ProcessMetrics;
import io.hubspoke.tunnel.konnectivity.Packet;
import io.hubspoke.tunnel.konnectivity.PacketObserver;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts and times under the real agent's metric names. Thread-safe. */
final class AgentMetrics implements PacketObserver, Informer.RequestObserver {
  private static final String PREFIX = "konnectivity_network_proxy_agent_";
  private static final String DIALS = PREFIX + "dial_duration_seconds";
  private static final String FAILURES = PREFIX + "server_connection_failure_count";
  private static final String DIAL_FAILURES = PREFIX + "endpoint_dial_failure_total";
  private static final String SERVERS = PREFIX + "open_server_connections";
  private static final String KNOWN = PREFIX + "known_server_count";
  private static final String ENDPOINTS = PREFIX + "open_endpoint_connections";
  private static final String PACKETS = PREFIX + "stream_packets_total";
  private static final String ERRORS = PREFIX + "stream_errors_total";

  private static final List<String> TYPES =
      List.of(
          "DIAL_REQ", "DIAL_RSP", "CLOSE_REQ", "CLOSE_RSP", "DATA", "DIAL_CLS", "DRAIN", "CREDIT");

  private static final String LEASE_LISTS = PREFIX + "lease_lists_total";
  private static final String LEASE_WATCHES = PREFIX + "lease_watches_total";
  private static final String LEASE_LATENCY = PREFIX + "lease_list_latency_seconds";

  private static final double[] BOUNDS = {0.005, 0.025, 0.1, 0.5, 2.5, 10, 30};

  private record Broken(String segment, String code) {}

  private record Answer(int code, String reason) {}

  private final Histogram dials = new Histogram(BOUNDS);
  private final Map<String, LongAdder> failures = new ConcurrentHashMap<>();
  private final Map<String, LongAdder> dialFailures = new ConcurrentHashMap<>();
  private final LongAdder[] received = counters();
  private final LongAdder[] sent = counters();
  private final Map<Broken, LongAdder> errors = new ConcurrentHashMap<>();
  private final Map<Answer, LongAdder> leaseLists = new ConcurrentHashMap<>();
  private final Map<Answer, LongAdder> leaseWatches = new ConcurrentHashMap<>();
  private final Map<Integer, Histogram> leaseLatencies = new ConcurrentHashMap<>();
  private final LongAdder endpoints = new LongAdder();
  private volatile int servers;
  private volatile int known;

  void dialled(Duration took) {
    dials.record(took);
  }

  void dialFailed(Throwable why) {
    var reason = why instanceof TargetDialer.DialTimeoutException ? "timeout" : "unknown";
    count(dialFailures, reason);
  }

  void endpointOpened() {
    endpoints.increment();
  }

  void endpointClosed() {
    endpoints.decrement();
  }

  int openEndpoints() {
    return endpoints.intValue();
  }

  void servers(int connected) {
    servers = connected;
  }

  void known(int count) {
    known = count;
  }

  @Override
  public void received(Packet packet) {
    received[type(packet)].increment();
  }

  @Override
  public void sent(Packet packet) {
    sent[type(packet)].increment();
  }

  /** A stream from a server has broken. */
  void broken(String code) {
    count(failures, "from_server");
    count(errors, new Broken("to_agent", code));
  }

  @Override
  public void listed(Duration took, Throwable failure) {
    var answer = answer(failure);
    if (answer != null) {
      count(leaseLists, answer);
      leaseLatencies.computeIfAbsent(answer.code, code -> new Histogram(BOUNDS)).record(took);
    }
  }

  @Override
  public void watched(Throwable failure) {
    var answer = answer(failure);
    if (answer != null) {
      count(leaseWatches, answer);
    }
  }

  /** Returns what the apiserver has answered; null when it has not. */
  private static Answer answer(Throwable failure) {
    return switch (failure) {
      case null -> new Answer(200, "");
      case ApiException refusal -> new Answer(refusal.code(), refusal.reason());
      default -> null;
    };
  }

  private static void answers(Exposition text, String family, Map<Answer, LongAdder> counts) {
    counts.forEach(
        (answer, n) ->
            text.add(
                family,
                n.sum(),
                "http_response_code",
                Integer.toString(answer.code),
                "reason",
                answer.reason));
  }

  private static <K> void count(Map<K, LongAdder> counters, K key) {
    counters.computeIfAbsent(key, k -> new LongAdder()).increment();
  }

  private static LongAdder[] counters() {
    return TYPES.stream().map(type -> new LongAdder()).toArray(LongAdder[]::new);
  }

  /** Returns which of {@link #TYPES} it is. */
  private static int type(Packet packet) {
    return switch (packet) {
      case Packet.DialRequest p -> 0;
      case Packet.DialResponse p -> 1;
      case Packet.CloseRequest p -> 2;
      case Packet.CloseResponse p -> 3;
      case Packet.Data p -> 4;
      case Packet.CloseDial p -> 5;
      case Packet.Drain p -> 6;
      case Packet.Credit p -> 7;
    };
  }

  private static void packets(Exposition text, String segment, LongAdder[] counts) {
    for (var i = 0; i < counts.length; i++) {
      if (counts[i].sum() > 0) {
        text.add(PACKETS, counts[i].sum(), "segment", segment, "packet_type", TYPES.get(i));
      }
    }
  }

  /** Returns all in Prometheus' text format. */
  String scrape() {
    var text =
        new Exposition()
            .family(DIALS, "histogram", "Latency of dial to the remote endpoint in seconds")
            .family(
                FAILURES, "counter", "Count of failures to send to or receive from a proxy server")
            .family(DIAL_FAILURES, "counter", "Number of failures dialing the endpoint, by reason.")
            .family(SERVERS, "gauge", "Current number of open server connections.")
            .family(KNOWN, "gauge", "Current number of servers that the agent wants to reach.")
            .family(ENDPOINTS, "gauge", "Current number of open endpoint connections.")
            .family(PACKETS, "counter", "Count of packets processed, by segment and packet type")
            .family(ERRORS, "counter", "Count of gRPC stream errors, by segment and grpc code")
            .family(LEASE_LISTS, "counter", "Number of lists of servers' leases, by answer")
            .family(LEASE_WATCHES, "counter", "Number of watches of servers' leases, by answer")
            .family(LEASE_LATENCY, "histogram", "Latency of server lease listing in seconds");
    text.add(DIALS, dials);
    failures.forEach((way, n) -> text.add(FAILURES, n.sum(), "direction", way));
    dialFailures.forEach((why, n) -> text.add(DIAL_FAILURES, n.sum(), "reason", why));
    text.add(SERVERS, servers);
    text.add(KNOWN, known);
    text.add(ENDPOINTS, endpoints.sum());
    packets(text, "to_agent", received);
    packets(text, "from_agent", sent);
    errors.forEach(
        (broken, n) ->
            text.add(
                ERRORS,
                n.sum(),
                "segment",
                broken.segment,
                "code",
                broken.code,
                "packet_type",
                "Unknown"));
    answers(text, LEASE_LISTS, leaseLists);
    answers(text, LEASE_WATCHES, leaseWatches);
    leaseLatencies.forEach(
        (code, times) ->
            text.add(LEASE_LATENCY, times, "http_response_code", Integer.toString(code)));
    ProcessMetrics.write(text);
    return text.text();
  }
}
