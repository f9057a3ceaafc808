package io.hubspoke.lab.scale;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Watches the pods of a namespace: how many there are, have a node, and are ready, and how often
 * one ceased to be.
 */
final class PodWatch {
  private final Informer<Observed.Pod> informer;
  private final AtomicInteger created = new AtomicInteger();
  private final AtomicInteger scheduled = new AtomicInteger();
  private final AtomicInteger ready = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();

  PodWatch(ApiClient client, String namespace, Context context) {
    this.informer =
        new Informer<>(client, Observed.PODS, ListOptions.inNamespace(namespace), context)
            .addHandler(new Handler());
  }

  Future<Void> start() {
    return informer.start();
  }

  Future<Void> stop() {
    return informer.stop();
  }

  int created() {
    return created.get();
  }

  int scheduled() {
    return scheduled.get();
  }

  int ready() {
    return ready.get();
  }

  /** Returns how often a pod that was ready has been seen not to be. */
  int lost() {
    return lost.get();
  }

  /** Returns some of them, chosen at random. */
  List<Item.Key> some(int count) {
    var names = new ArrayList<>(informer.items().stream().map(Item::key).toList());
    Collections.shuffle(names);
    return List.copyOf(names.subList(0, Math.min(count, names.size())));
  }

  private void count(Observed.Pod pod, int by) {
    created.addAndGet(by);
    if (pod.scheduled()) {
      scheduled.addAndGet(by);
    }
    if (pod.ready()) {
      ready.addAndGet(by);
    }
  }

  private final class Handler implements Informer.Handler<Observed.Pod> {
    @Override
    public void added(Item<Observed.Pod> item) {
      count(item.object(), 1);
    }

    @Override
    public void updated(Item<Observed.Pod> before, Item<Observed.Pod> now) {
      count(before.object(), -1);
      count(now.object(), 1);
      if (before.object().ready() && !now.object().ready()) {
        lost.incrementAndGet();
      }
    }

    @Override
    public void deleted(Item<Observed.Pod> last) {
      // What is told last may differ from what was counted; a pod of these is deleted by nobody.
      created.decrementAndGet();
      lost.incrementAndGet();
    }
  }
}
