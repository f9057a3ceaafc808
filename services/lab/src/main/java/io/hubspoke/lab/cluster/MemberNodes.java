package io.hubspoke.lab.cluster;

import io.hubspoke.lab.scale.NodePool;
import io.hubspoke.lab.scale.NodeRange;
import io.hubspoke.lab.scale.PoolOrder;
import io.hubspoke.lab.scale.PoolReport;
import io.vertx.core.Future;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBus;
import java.time.Duration;

/** The nodes of another member: orders go over the event bus, what it reports is noted here. */
final class MemberNodes implements NodePool {
  private static final Duration PATIENCE = Duration.ofMinutes(30);

  private final EventBus bus;
  private final String member;
  private volatile PoolReport report = PoolReport.NOTHING;

  MemberNodes(EventBus bus, String member) {
    this.bus = bus;
    this.member = member;
  }

  void seen(PoolReport now) {
    report = now;
  }

  @Override
  public Future<Void> start(NodeRange nodes) {
    return give(new PoolOrder.Start(nodes));
  }

  @Override
  public Future<Void> stop(NodeRange nodes) {
    return give(new PoolOrder.Stop(nodes));
  }

  private Future<Void> give(PoolOrder order) {
    return bus.request(
            LabBus.orders(member),
            LabBus.encode(order.json(0)),
            new DeliveryOptions().setSendTimeout(PATIENCE.toMillis()))
        .mapEmpty();
  }

  @Override
  public PoolReport report() {
    return report;
  }

  /** Ends nothing: a member ends with its lab. */
  @Override
  public Future<Void> close() {
    return Future.succeededFuture();
  }
}
