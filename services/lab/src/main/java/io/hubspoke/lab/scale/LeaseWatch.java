package io.hubspoke.lab.scale;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.vertx.core.Context;
import io.vertx.core.Future;

/** Watches the nodes' leases: whether each is renewed as often as it should be. */
final class LeaseWatch {
  private final Informer<Observed.Lease> informer;
  private final LeaseGaps gaps = new LeaseGaps(System::nanoTime);

  LeaseWatch(ApiClient client, Context context) {
    this.informer =
        new Informer<>(client, Observed.LEASES, ListOptions.inNamespace("kube-node-lease"), context)
            .addHandler(new Handler());
  }

  Future<Void> start() {
    return informer.start();
  }

  Future<Void> stop() {
    return informer.stop();
  }

  /** Returns what happened since this was last asked. */
  LeaseGaps.Renewals renewals() {
    return gaps.renewals();
  }

  private final class Handler implements Informer.Handler<Observed.Lease> {
    @Override
    public void added(Item<Observed.Lease> item) {
      gaps.seen(item.key().name(), item.object().spec());
    }

    @Override
    public void updated(Item<Observed.Lease> before, Item<Observed.Lease> now) {
      gaps.seen(now.key().name(), now.object().spec());
    }

    @Override
    public void deleted(Item<Observed.Lease> last) {
      gaps.forget(last.key().name());
    }
  }
}
