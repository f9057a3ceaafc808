package io.hubspoke.lab.scale;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.lab.bench.ServerProcess;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A pool of nodes in a child of this process. */
public final class PoolProcess implements NodePool {
  private final ChildProcess child;
  private final Map<Integer, Promise<Void>> orders = new ConcurrentHashMap<>();
  private final AtomicInteger last = new AtomicInteger();
  private volatile PoolReport report = PoolReport.NOTHING;

  /** Takes over a process that was started with the pool's command. */
  public PoolProcess(Process process) {
    child = new ChildProcess(process, this::said, this::ended);
  }

  private void said(ObjectNode line) {
    report = PoolReport.of(line);
    var done = orders.remove(line.path("done").asInt());
    if (done != null) {
      done.tryComplete();
    }
  }

  private void ended() {
    orders.values().forEach(order -> order.tryFail("the process of a node pool has ended"));
  }

  private Future<Void> give(PoolOrder order) {
    int id = last.incrementAndGet();
    Promise<Void> done = Promise.promise();
    orders.put(id, done);
    try {
      child.tell(order.json(id));
    } catch (IOException e) {
      orders.remove(id);
      done.tryFail(e);
    }
    if (!child.isAlive()) {
      ended();
    }
    return done.future();
  }

  @Override
  public Future<Void> start(NodeRange nodes) {
    return give(new PoolOrder.Start(nodes));
  }

  @Override
  public Future<Void> stop(NodeRange nodes) {
    return give(new PoolOrder.Stop(nodes));
  }

  @Override
  public PoolReport report() {
    return report;
  }

  /** Returns what the process uses. */
  public ServerProcess usage() {
    return child.usage();
  }

  @Override
  public Future<Void> close() {
    Promise<Void> closed = Promise.promise();
    Thread.ofVirtual()
        .start(
            () -> {
              child.close();
              closed.complete();
            });
    return closed.future();
  }
}
