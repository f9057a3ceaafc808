package io.hubspoke.konnectivity.agent;

import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps an agent connected with every server: dials their common address until there is a stream to
 * as many different ones as are counted.
 */
final class SyncLoop extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(SyncLoop.class);

  private final KonnectivityAgentOptions options;
  private final AgentMetrics metrics = new AgentMetrics();
  private final Map<String, ServerStream> streams = new ConcurrentHashMap<>();
  private final SyncBackoff backoff;
  private TargetDialer dialer;
  private ServerConnector connector;
  private LeaseCounter leases;
  private ServerCount count;
  private AgentServers servers;
  private long probing = -1;
  private String failure = "";
  private Promise<Void> pause = Promise.promise();
  private volatile boolean stopping;

  SyncLoop(KonnectivityAgentOptions options) {
    this.options = options;
    this.backoff = new SyncBackoff(options.syncing());
  }

  @Override
  public Future<?> start() throws Exception {
    dialer = new TargetDialer(vertx, options.dialling());
    connector = new ServerConnector(vertx, options, dialer, metrics);
    servers = new AgentServers(vertx, options, () -> !streams.isEmpty(), metrics);
    servers.start().await();
    var syncing = options.syncing();
    if (syncing.leases() != null) {
      leases = new LeaseCounter(vertx, context, syncing.leases(), metrics, Clock.systemUTC());
    }
    count = new ServerCount(leases, syncing.source());
    probing = vertx.setPeriodic(syncing.probeInterval().toMillis(), id -> probe());
    context.runOnContext(v -> run());
    return Future.succeededFuture();
  }

  private void run() {
    if (leases != null) {
      // Where they can't be read there is one server all the same, to which nodes are to be led.
      leases
          .start()
          .timeout(options.syncing().cap().toMillis(), TimeUnit.MILLISECONDS)
          .onFailure(e -> LOG.warn("{}: leases: {}", options.agentId(), Component.reason(e)))
          .otherwiseEmpty()
          .await();
    }
    while (!stopping && !Thread.currentThread().isInterrupted()) {
      try {
        sleep(syncOrBackOff());
      } catch (Exception e) {
        // The whole process ends, without having been asked to stop this first.
        LOG.debug("{}: {}", options.agentId(), Component.reason(e));
        return;
      }
    }
  }

  private Duration syncOrBackOff() {
    try {
      return sync();
    } catch (Throwable e) {
      // Also an Error: without this loop the node would be unreachable from then on.
      LOG.error("{}: looking for servers failed", options.agentId(), e);
      return backoff.failed();
    }
  }

  /** Connects with one more server when there should be one; returns how long to wait then. */
  private Duration sync() {
    var wanted = count.current();
    metrics.known(wanted.orElse(0));
    if (!options.syncing().forever() && wanted.isPresent() && streams.size() >= wanted.getAsInt()) {
      return backoff.succeeded();
    }
    ServerStream stream;
    try {
      stream = connector.connect().await();
    } catch (Exception e) {
      complain(Component.reason(e));
      return backoff.failed();
    }
    failure = "";
    count.told(stream.serverCount());
    metrics.known(count.current().orElse(0));
    if (stopping || streams.putIfAbsent(stream.serverId(), stream) != null) {
      stream.close();
      // What is left to find is found soon; what is probably not there is not hurried after.
      return streams.size() < count.current().orElse(1) ? backoff.succeeded() : backoff.failed();
    }
    LOG.info("{}: connected with server {}", options.agentId(), stream.serverId());
    metrics.servers(streams.size());
    stream.ended().onComplete(ended -> remove(stream, ended.cause()));
    return backoff.succeeded();
  }

  /** Says once what goes on going wrong. */
  private void complain(String reason) {
    if (reason.equals(failure)) {
      LOG.debug("{}: {}", options.agentId(), reason);
    } else {
      failure = reason;
      LOG.warn(
          "{}: cannot connect with {}:{}: {}; tried again",
          options.agentId(),
          options.server().host(),
          options.server().port(),
          reason);
    }
  }

  private void remove(ServerStream stream, Throwable cause) {
    if (streams.remove(stream.serverId(), stream)) {
      metrics.servers(streams.size());
      if (!stopping) {
        LOG.info(
            "{}: the stream to server {} has ended{}",
            options.agentId(),
            stream.serverId(),
            cause == null ? "" : ": " + Component.reason(cause));
      }
    }
  }

  int connectedServers() {
    return streams.size();
  }

  /** Returns how many connections there are, as the targets' sockets and as the tunnels' ends. */
  int connections() {
    return metrics.openEndpoints()
        + streams.values().stream().mapToInt(ServerStream::connections).sum();
  }

  private void probe() {
    streams.values().stream()
        .filter(stream -> !stream.isOpen())
        .toList()
        .forEach(stream -> remove(stream, null));
  }

  private void sleep(Duration time) {
    Promise<Void> over;
    synchronized (this) {
      if (stopping) {
        return;
      }
      over = Promise.promise();
      pause = over;
    }
    var timer = vertx.setTimer(time.toMillis(), id -> over.tryComplete());
    over.future().await();
    vertx.cancelTimer(timer);
  }

  /** Tells servers that it goes, lets connections end by themselves for a while, and goes. */
  @Override
  public Future<?> stop() {
    synchronized (this) {
      stopping = true;
      pause.tryComplete();
    }
    vertx.cancelTimer(probing);
    streams.values().forEach(ServerStream::drain);
    Promise<Void> over = Promise.promise();
    var timer =
        vertx.setTimer(
            Math.max(1, options.dialling().grace().toMillis()), id -> over.tryComplete());
    Future.join(streams.values().stream().map(ServerStream::idle).toList())
        .onComplete(idle -> over.tryComplete());
    return over.future()
        .eventually(
            () -> {
              vertx.cancelTimer(timer);
              return Future.join(streams.values().stream().map(ServerStream::close).toList());
            })
        .eventually(connector::close)
        .eventually(dialer::close)
        .eventually(() -> leases == null ? Future.succeededFuture() : leases.stop())
        .eventually(servers::stop);
  }
}
