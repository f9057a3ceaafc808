package io.hubspoke.konnectivity.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Informer;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts servers by the leases that they renew in the apiserver. */
final class LeaseCounter {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseCounter.class);

  private final ApiClient client;
  private final Informer<ObjectNode> informer;
  private final Clock clock;
  private boolean warned;

  LeaseCounter(
      Vertx vertx, Context context, LeaseCounting counting, AgentMetrics metrics, Clock clock) {
    this.client =
        new ApiClient(vertx, counting.client().withUserAgent("konnectivity-agent/v1.33.0"));
    this.informer =
        new Informer<>(
                client,
                Resource.LEASES.tree(),
                ListOptions.inNamespace(counting.namespace()).withLabelSelector(counting.label()),
                context)
            .observedBy(metrics);
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

  static boolean isValid(ObjectNode lease, Clock clock) {
    var spec = lease.path("spec");
    var since = spec.path("renewTime").asText(spec.path("acquireTime").asText());
    try {
      return Instant.parse(since)
          .plusSeconds(spec.path("leaseDurationSeconds").asLong())
          .isAfter(clock.instant());
    } catch (DateTimeException e) {
      // Nobody has held it yet.
      return false;
    }
  }

  Future<Void> stop() {
    return informer.stop().eventually(client::close);
  }
}
