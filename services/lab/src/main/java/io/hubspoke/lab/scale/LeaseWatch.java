package io.hubspoke.lab.scale;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.lab.bench.Latencies;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;

/** Watches the nodes' leases: whether each is renewed as often as it should be. */
final class LeaseWatch {
  /** A lease is renewed after a quarter of its life; half as long again is late. */
  private static final double LATE = 1.5 / 4;

  /**
   * How leases were renewed in some time.
   *
   * @param renewals how many were seen
   * @param gaps between two of one lease, by the times that their kubelets gave
   * @param late renewals after 15 s, where they should come after 10 s
   * @param expired renewals after the lease had ended, 40 s
   */
  record Renewals(long renewals, Latencies gaps, long late, long expired) {}

  private final Informer<Observed.Lease> informer;
  private final Latencies gaps = new Latencies();
  private long late;
  private long expired;

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
  synchronized Renewals renewals() {
    var taken = gaps.take();
    var renewals = new Renewals(taken.count(), taken, late, expired);
    late = 0;
    expired = 0;
    return renewals;
  }

  private synchronized void renewed(Observed.LeaseSpec before, Observed.LeaseSpec now) {
    if (before == null || before.renewTime() == null || now == null || now.renewTime() == null) {
      return;
    }
    var gap = Duration.between(Instant.parse(before.renewTime()), Instant.parse(now.renewTime()));
    if (gap.isZero()) {
      return;
    }
    gaps.add(gap.toNanos());
    var seconds = gap.toMillis() / 1000.0;
    if (seconds > now.leaseDurationSeconds()) {
      expired++;
    }
    if (seconds > now.leaseDurationSeconds() * LATE) {
      late++;
    }
  }

  private final class Handler implements Informer.Handler<Observed.Lease> {
    @Override
    public void added(Item<Observed.Lease> item) {}

    @Override
    public void updated(Item<Observed.Lease> before, Item<Observed.Lease> now) {
      renewed(before.object().spec(), now.object().spec());
    }

    @Override
    public void deleted(Item<Observed.Lease> last) {}
  }
}
