package io.hubspoke.lab.scale;

import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.lab.bench.Latencies;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Watches all nodes: how many are ready, how often one ceased to be, and how long a change takes
 * from its sending until it is seen here.
 */
final class NodeWatch {
  private static final String MARK = "hubspoke.io/sent";

  private final ApiClient client;
  private final Informer<Observed.Node> informer;
  private final AtomicInteger ready = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();
  private final Latencies lag = new Latencies();
  private final Set<String> forgotten = ConcurrentHashMap.newKeySet();
  private String sent = "";
  private long sentAt;

  NodeWatch(ApiClient client, Context context) {
    this.client = client;
    this.informer =
        new Informer<>(client, Observed.NODES, ListOptions.ALL, context).addHandler(new Handler());
  }

  Future<Void> start() {
    return informer.start();
  }

  Future<Void> stop() {
    return informer.stop();
  }

  int ready() {
    return ready.get();
  }

  /** Returns how often a node that was ready has been seen not to be. */
  int lost() {
    return lost.get();
  }

  /**
   * Deletes a node whose machine has gone, so that another one may have its name: while it is there
   * no request for a certificate of that name is approved, unless with its kubelet's own key.
   */
  Future<Void> forget(String node) {
    forgotten.add(node);
    return client.deleteIfPresent(Observed.NODES, "", node, DeleteOptions.DEFAULT);
  }

  /** Annotates a node, and notes when that is seen; one such change at a time. */
  Future<Void> mark(String node) {
    synchronized (lag) {
      sentAt = System.nanoTime();
      sent = Long.toString(sentAt);
    }
    var patch = Json.object();
    patch.putObject("metadata").putObject("annotations").put(MARK, sent);
    return client.patch(Observed.NODES.tree(), "", node, PatchType.MERGE, patch).mapEmpty();
  }

  private void seen(String mark) {
    synchronized (lag) {
      if (!sent.isEmpty() && mark.equals(sent)) {
        lag.add(System.nanoTime() - sentAt);
        sent = "";
      }
    }
  }

  /** Returns the lags noted since this was last asked. */
  Latencies lag() {
    synchronized (lag) {
      return lag.take();
    }
  }

  private final class Handler implements Informer.Handler<Observed.Node> {
    @Override
    public void added(Item<Observed.Node> item) {
      if (item.object().ready()) {
        ready.incrementAndGet();
      }
    }

    @Override
    public void updated(Item<Observed.Node> before, Item<Observed.Node> now) {
      seen(now.object().annotation(MARK));
      if (before.object().ready() != now.object().ready()) {
        ready.addAndGet(now.object().ready() ? 1 : -1);
        if (before.object().ready()) {
          lost.incrementAndGet();
        }
      }
    }

    @Override
    public void deleted(Item<Observed.Node> last) {
      var known = forgotten.remove(last.key().name());
      if (last.object().ready()) {
        ready.decrementAndGet();
        if (!known) {
          lost.incrementAndGet();
        }
      }
    }
  }
}
