package io.hubspoke.konnectivity.server;

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
import java.util.function.Consumer;

/** Counts and times under the real server's metric names. Thread-safe. */
final class ServerMetrics {
  private static final String PREFIX = "konnectivity_network_proxy_server_";
  private static final String DIALS = PREFIX + "dial_duration_seconds";
  private static final String CALLS = PREFIX + "grpc_connections";
  private static final String HTTP = PREFIX + "http_connections";
  private static final String ESTABLISHED = PREFIX + "established_connections";
  private static final String FAILURES = PREFIX + "dial_failure_count";
  private static final String PACKETS = PREFIX + "stream_packets_total";
  private static final String ERRORS = PREFIX + "stream_errors_total";
  private static final String CULLED = PREFIX + "culled_leases_count";
  private static final String LISTS = PREFIX + "lease_list_total";
  private static final String DELETES = PREFIX + "lease_delete_total";
  private static final String LIST_LATENCY = PREFIX + "lease_list_latency_seconds";
  private static final String DELETE_LATENCY = PREFIX + "lease_delete_latency_seconds";

  private static final List<String> TYPES =
      List.of(
          "DIAL_REQ", "DIAL_RSP", "CLOSE_REQ", "CLOSE_RSP", "DATA", "DIAL_CLS", "DRAIN", "CREDIT");

  /** Why a dial came to nothing. */
  enum DialFailure {
    NO_AGENT,
    ERROR_RESPONSE,
    BACKEND_CLOSE,
    FRONTEND_CLOSE
  }

  private record Broken(String segment, String code) {}

  private record Answer(String code, String reason) {}

  private final Histogram dials =
      new Histogram(1e-6, 1e-5, 1e-4, 0.005, 0.025, 0.1, 0.5, 2.5, 12.5);
  private final LongAdder proxyCalls = new LongAdder();
  private final LongAdder connectCalls = new LongAdder();
  private final LongAdder httpConnections = new LongAdder();
  private final LongAdder established = new LongAdder();
  private final Map<DialFailure, LongAdder> failures = new ConcurrentHashMap<>();
  private final Map<Broken, LongAdder> errors = new ConcurrentHashMap<>();
  private final Map<Answer, LongAdder> leaseLists = new ConcurrentHashMap<>();
  private final Map<Answer, LongAdder> leaseDeletes = new ConcurrentHashMap<>();
  private final Map<Integer, Histogram> leaseListTimes = new ConcurrentHashMap<>();
  private final Map<Integer, Histogram> leaseDeleteTimes = new ConcurrentHashMap<>();
  private final LongAdder culled = new LongAdder();
  private final Counts fromClient = new Counts();
  private final Counts toClient = new Counts();
  private final Counts fromAgent = new Counts();
  private final Counts toAgent = new Counts();

  /** Packets by type. */
  private static final class Counts {
    private final LongAdder[] byType =
        TYPES.stream().map(type -> new LongAdder()).toArray(LongAdder[]::new);

    void count(Packet packet) {
      byType[type(packet)].increment();
    }

    void write(Exposition text, String segment) {
      for (int i = 0; i < byType.length; i++) {
        if (byType[i].sum() > 0) {
          text.add(PACKETS, byType[i].sum(), "segment", segment, "packet_type", TYPES.get(i));
        }
      }
    }

    private static int type(Packet packet) {
      return switch (packet) {
        case Packet.DialRequest _ -> 0;
        case Packet.DialResponse _ -> 1;
        case Packet.CloseRequest _ -> 2;
        case Packet.CloseResponse _ -> 3;
        case Packet.Data _ -> 4;
        case Packet.CloseDial _ -> 5;
        case Packet.Drain _ -> 6;
        case Packet.Credit _ -> 7;
      };
    }
  }

  private record Observer(Consumer<Packet> sent, Consumer<Packet> received)
      implements PacketObserver {
    @Override
    public void sent(Packet packet) {
      sent.accept(packet);
    }

    @Override
    public void received(Packet packet) {
      received.accept(packet);
    }
  }

  /** Counts the packets of a frontend. */
  PacketObserver client() {
    return new Observer(toClient::count, fromClient::count);
  }

  /** Counts the packets of an agent. */
  PacketObserver agent() {
    return new Observer(toAgent::count, fromAgent::count);
  }

  void proxyCall(int change) {
    proxyCalls.add(change);
  }

  void connectCall(int change) {
    connectCalls.add(change);
  }

  void httpConnection(int change) {
    httpConnections.add(change);
  }

  void established(int change) {
    established.add(change);
  }

  long establishedNow() {
    return established.sum();
  }

  void dialled(Duration took) {
    dials.record(took);
  }

  void dialFailed(DialFailure why) {
    failures.computeIfAbsent(why, w -> new LongAdder()).increment();
  }

  /**
   * A stream has broken.
   *
   * @param segment such as {@code from_agent}
   */
  void broken(String segment, String code) {
    errors.computeIfAbsent(new Broken(segment, code), k -> new LongAdder()).increment();
  }

  void leaseList(int code, String reason, Duration took) {
    leaseLists.computeIfAbsent(answer(code, reason), k -> new LongAdder()).increment();
    leaseListTimes.computeIfAbsent(code, k -> leaseTimes()).record(took);
  }

  void leaseDelete(int code, String reason, Duration took) {
    leaseDeletes.computeIfAbsent(answer(code, reason), k -> new LongAdder()).increment();
    leaseDeleteTimes.computeIfAbsent(code, k -> leaseTimes()).record(took);
  }

  private static Answer answer(int code, String reason) {
    return new Answer(Integer.toString(code), reason);
  }

  private static Histogram leaseTimes() {
    return new Histogram(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10);
  }

  void leaseCulled() {
    culled.increment();
  }

  /** Returns all in Prometheus' text format. */
  String scrape(Agents agents, List<ProxyStrategy> strategies) {
    var text =
        new Exposition()
            .family(DIALS, "histogram", "Latency of dial to the remote endpoint in seconds")
            .family(CALLS, "gauge", "Number of current grpc connections, by service method.")
            .family(HTTP, "gauge", "Number of current HTTP CONNECT connections")
            .family(
                PREFIX + "ready_backend_connections",
                "gauge",
                "Number of konnectivity agent connected to the proxy server")
            .family(
                PREFIX + "ready_backends",
                "gauge",
                "Number of agents that can be chosen, by proxy strategy")
            .family(PREFIX + "pending_backend_dials", "gauge", "Number of dials without an answer")
            .family(ESTABLISHED, "gauge", "Number of connections through agents")
            .family(FAILURES, "counter", "Number of dial failures, by reason")
            .family(PACKETS, "counter", "Count of packets processed, by segment and packet type")
            .family(ERRORS, "counter", "Count of gRPC stream errors, by segment and grpc code")
            .family(CULLED, "counter", "Number of leases of other servers that were taken away")
            .family(LISTS, "counter", "Number of lists of leases, by answer")
            .family(DELETES, "counter", "Number of deletions of leases, by answer")
            .family(LIST_LATENCY, "histogram", "Latency of lists of leases in seconds")
            .family(DELETE_LATENCY, "histogram", "Latency of deletions of leases in seconds");
    text.add(DIALS, dials);
    text.add(CALLS, proxyCalls.sum(), "service_method", "Proxy");
    text.add(CALLS, connectCalls.sum(), "service_method", "Connect");
    text.add(HTTP, httpConnections.sum());
    text.add(PREFIX + "ready_backend_connections", agents.connections());
    for (ProxyStrategy strategy : strategies) {
      text.add(
          PREFIX + "ready_backends",
          agents.backends(strategy),
          "proxy_strategy",
          strategy.toString());
    }
    text.add(
        PREFIX + "pending_backend_dials",
        agents.list().stream().mapToInt(agent -> agent.dials().pending()).sum());
    text.add(ESTABLISHED, established.sum());
    failures.forEach(
        (why, n) ->
            text.add(FAILURES, n.sum(), "reason", why.name().toLowerCase(java.util.Locale.ROOT)));
    fromClient.write(text, "from_client");
    toClient.write(text, "to_client");
    fromAgent.write(text, "from_agent");
    toAgent.write(text, "to_agent");
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
    text.add(CULLED, culled.sum());
    leaseLists.forEach((answer, n) -> answers(text, LISTS, answer, n));
    leaseDeletes.forEach((answer, n) -> answers(text, DELETES, answer, n));
    times(text, LIST_LATENCY, leaseListTimes);
    times(text, DELETE_LATENCY, leaseDeleteTimes);
    ProcessMetrics.write(text);
    return text.text();
  }

  private static void times(Exposition text, String family, Map<Integer, Histogram> times) {
    times.forEach(
        (code, histogram) ->
            text.add(family, histogram, "http_status_code", Integer.toString(code)));
  }

  private static void answers(Exposition text, String family, Answer answer, LongAdder count) {
    text.add(family, count.sum(), "http_status_code", answer.code, "reason", answer.reason);
  }
}
