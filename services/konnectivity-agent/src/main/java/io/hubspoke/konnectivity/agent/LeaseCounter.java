package io.hubspoke.konnectivity.agent;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Informer;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.ZonedDateTime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts servers by the leases that they renew in the apiserver. */
final class LeaseCounter {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseCounter.class);

  private final ApiClient client;
  private final Informer<Lease> informer;
  private final Clock clock;
  private boolean warned;

  LeaseCounter(Vertx vertx, Context context, LeaseCounting counting, Clock clock) {
    this.client =
        new ApiClient(vertx, counting.client().withUserAgent("konnectivity-agent/v1.33.0"));
    this.informer =
        new Informer<>(
            client,
            Resource.LEASES,
            ListOptions.inNamespace(counting.namespace()).withLabelSelector(counting.label()),
            context);
    this.clock = clock;
  }

  /** Starts counting; completes when the leases are known for the first time. */
  Future<Void> start() {
    return informer.start();
  }

  /** Returns how many leases hold now, and 1 when none does: there may be a server all the same. */
  int count() {
    var count =
        (int) informer.items().stream().filter(item -> isValid(item.object(), clock)).count();
    if (count == 0 && !warned) {
      LOG.warn("no server's lease is valid; looking for one server");
    }
    warned = count == 0;
    return Math.max(1, count);
  }

  static boolean isValid(Lease lease, Clock clock) {
    var spec = lease.getSpec();
    if (spec == null || spec.getLeaseDurationSeconds() == null) {
      return false;
    }
    ZonedDateTime since = spec.getRenewTime() == null ? spec.getAcquireTime() : spec.getRenewTime();
    return since != null
        && since
            .toInstant()
            .plus(Duration.ofSeconds(spec.getLeaseDurationSeconds()))
            .isAfter(clock.instant());
  }

  Future<Void> stop() {
    return informer.stop().eventually(client::close);
  }
}
