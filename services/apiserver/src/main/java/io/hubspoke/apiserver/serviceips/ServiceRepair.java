package io.hubspoke.apiserver.serviceips;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.registry.ServerObjects;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.store.Store;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Repairs what is written down about addresses and node ports of services, now and then. */
public final class ServiceRepair {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceRepair.class);

  private final Vertx vertx;
  private final ServerObjects objects;
  private final Duration interval;
  private final LedgerRepair addresses;
  private final LedgerRepair ports;
  private final AtomicLong events = new AtomicLong(System.currentTimeMillis() * 1_000_000);
  private long timer = -1;
  private Future<Void> round = Future.succeededFuture();

  public ServiceRepair(
      Vertx vertx,
      Store store,
      Lister lister,
      ServerObjects objects,
      ServiceAddresses serviceAddresses,
      Duration interval) {
    this.vertx = vertx;
    this.objects = objects;
    this.interval = interval;
    this.addresses =
        new LedgerRepair(
            store,
            serviceAddresses.ledger(),
            () -> lister.list(ResourceTable.SERVICES.type(), ""),
            this::warn);
    this.ports =
        new LedgerRepair(
            store,
            NodePorts.ledger(),
            () -> lister.list(ResourceTable.SERVICES.type(), ""),
            this::warn);
  }

  /** Repairs once, and again each time the interval has passed. */
  public Future<Void> start() {
    timer = vertx.setPeriodic(interval.toMillis(), fired -> again());
    again();
    return round.otherwiseEmpty();
  }

  /** Completes when what is under way has ended. */
  public Future<Void> stop() {
    vertx.cancelTimer(timer);
    return round.otherwiseEmpty();
  }

  private void again() {
    if (round.isComplete()) {
      round = repair().onFailure(e -> LOG.warn("services are not repaired: {}", e.getMessage()));
    }
  }

  private Future<Void> repair() {
    return addresses.run().compose(done -> ports.run());
  }

  private void warn(String component, ObjectNode service, String reason, String message) {
    LOG.warn("service {}/{}: {}", Meta.namespace(service), Meta.name(service), message);
    var now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    var event = Json.object().put("apiVersion", "v1").put("kind", "Event");
    event
        .putObject("metadata")
        .put("name", Meta.name(service) + "." + Long.toHexString(events.incrementAndGet()))
        .put("namespace", Meta.namespace(service));
    event
        .putObject("involvedObject")
        .put("apiVersion", "v1")
        .put("kind", "Service")
        .put("namespace", Meta.namespace(service))
        .put("name", Meta.name(service))
        .put("uid", Meta.uid(service))
        .put("resourceVersion", Meta.resourceVersion(service));
    event.put("type", "Warning").put("reason", reason).put("message", message).put("count", 1);
    event.put("firstTimestamp", now).put("lastTimestamp", now);
    event.putObject("source").put("component", component);
    event.put("reportingComponent", component).put("reportingInstance", "");
    objects
        .create(ResourceTable.EVENTS, Meta.namespace(service), event)
        .onFailure(e -> LOG.debug("event {} was dropped: {}", reason, e.getMessage()));
  }
}
