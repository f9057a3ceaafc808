package io.hubspoke.konnectivity.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this server's lease, by which agents count servers, and takes away those of servers that
 * keep theirs no more.
 */
final class ServerLease {
  private static final Logger LOG = LoggerFactory.getLogger(ServerLease.class);
  private static final Resource<ObjectNode> LEASES = Resource.LEASES.tree();
  private static final String PREFIX = "konnectivity-proxy-server-";
  private static final int DURATION_SECONDS = 30;
  private static final long EVERY_MILLIS = 15_000;

  /** Kubernetes' MicroTime. */
  private static final DateTimeFormatter MICROS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final Vertx vertx;
  private final ApiClient client;
  private final KonnectivityServerOptions.Leases options;
  private final String serverId;
  private final ServerMetrics metrics;
  private final Clock clock;
  private long timer = -1;

  ServerLease(
      Vertx vertx,
      ApiClient client,
      KonnectivityServerOptions.Leases options,
      String serverId,
      ServerMetrics metrics,
      Clock clock) {
    this.vertx = vertx;
    this.client = client;
    this.options = options;
    this.serverId = serverId;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** Keeps it from now on. */
  void start() {
    look();
    timer = vertx.setPeriodic(EVERY_MILLIS, t -> look());
  }

  /** Gives it up. */
  Future<Void> stop() {
    vertx.cancelTimer(timer);
    return client
        .deleteIfPresent(LEASES, options.namespace(), name(), DeleteOptions.DEFAULT)
        .onFailure(e -> LOG.warn("lease {} could not be given up: {}", name(), Component.reason(e)))
        .otherwiseEmpty();
  }

  private String name() {
    return PREFIX + serverId;
  }

  private void look() {
    renew()
        .onFailure(e -> LOG.warn("lease {} not renewed: {}", name(), Component.reason(e)))
        .onComplete(v -> cull());
  }

  private Future<ObjectNode> renew() {
    return client
        .get(LEASES, options.namespace(), name())
        .compose(
            lease -> client.update(LEASES, options.namespace(), name(), held(lease)),
            e ->
                e instanceof ApiException refusal && refusal.code() == 404
                    ? client.create(LEASES, options.namespace(), held(empty()))
                    : Future.failedFuture(e));
  }

  private ObjectNode empty() {
    ObjectNode lease =
        Json.object().put("apiVersion", "coordination.k8s.io/v1").put("kind", "Lease");
    lease.putObject("metadata").put("name", name()).put("namespace", options.namespace());
    return lease;
  }

  private ObjectNode held(ObjectNode lease) {
    ObjectNode labels = lease.withObject("metadata").withObject("labels");
    options.labels().forEach(labels::put);
    lease
        .withObject("spec")
        .put("holderIdentity", serverId)
        .put("leaseDurationSeconds", DURATION_SECONDS)
        .put("renewTime", MICROS.format(clock.instant()));
    return lease;
  }

  private void cull() {
    long asked = System.nanoTime();
    client
        .list(LEASES, ListOptions.inNamespace(options.namespace()).withLabels(options.labels()))
        .onComplete(
            leases -> {
              metrics.leaseList(200, "", since(asked));
              leases.objects().stream().filter(this::isOver).forEach(this::delete);
            },
            e -> {
              LOG.warn("leases could not be listed: {}", Component.reason(e));
              if (e instanceof ApiException refusal) {
                metrics.leaseList(refusal.code(), refusal.reason(), since(asked));
              }
            });
  }

  private static Duration since(long nanos) {
    return Duration.ofNanos(System.nanoTime() - nanos);
  }

  private boolean isOver(ObjectNode lease) {
    JsonNode spec = lease.path("spec");
    String renewed = spec.path("renewTime").asText(spec.path("acquireTime").asText());
    try {
      return !Instant.parse(renewed)
          .plusSeconds(spec.path("leaseDurationSeconds").asLong())
          .isAfter(clock.instant());
    } catch (DateTimeParseException e) {
      // It never was held.
      return true;
    }
  }

  private void delete(ObjectNode lease) {
    long asked = System.nanoTime();
    client
        .delete(LEASES, options.namespace(), Meta.name(lease), DeleteOptions.now(Meta.uid(lease)))
        .onComplete(
            gone -> {
              metrics.leaseDelete(200, "", since(asked));
              metrics.leaseCulled();
            },
            e -> {
              if (e instanceof ApiException refusal) {
                metrics.leaseDelete(refusal.code(), refusal.reason(), since(asked));
              }
            });
  }
}
