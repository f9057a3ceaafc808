package io.hubspoke.client.election;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Resource;
import io.vertx.core.Future;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.function.LongSupplier;

/**
 * Takes and renews a Lease by the rules of client-go's leader election: another one's lease counts
 * from when its last change was seen here, by a clock that only goes forward, so that it doesn't
 * matter what time it is elsewhere. Belongs to one candidate; not thread-safe.
 */
final class LeaseLock {
  private static final Resource<ObjectNode> LEASES = Resource.LEASES.tree();

  /** Kubernetes' MicroTime. */
  private static final DateTimeFormatter MICROS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final ApiClient client;
  private final LeaderElectionOptions options;
  private final String identity;
  private final Clock clock;
  private final LongSupplier nanoTime;
  private ObjectNode observed;
  private long observedAt;
  private boolean released;

  LeaseLock(
      ApiClient client,
      LeaderElectionOptions options,
      String identity,
      Clock clock,
      LongSupplier nanoTime) {
    this.client = client;
    this.options = options;
    this.identity = identity;
    this.clock = clock;
    this.nanoTime = nanoTime;
  }

  /** Returns who holds the lease as far as was seen; empty for nobody. */
  String holder() {
    return observed == null ? "" : observed.path("spec").path("holderIdentity").asText("");
  }

  /** Names the lease for events. */
  Regarding regarding() {
    return new Regarding(
        "coordination.k8s.io/v1",
        "Lease",
        options.resourceNamespace(),
        options.resourceName(),
        observed == null ? "" : Meta.uid(observed));
  }

  /** Forgets what was seen: whether it still holds is to be asked. */
  void forget() {
    observed = null;
  }

  /**
   * Takes the lease when it is free, or renews it; gives whether it is held now. The first attempt
   * of all creates the lease, at the cost of one round trip.
   */
  Future<Boolean> tryAcquireOrRenew() {
    released = false;
    if (observed == null) {
      return create().recover(failure -> isConflict(failure) ? look() : failed(failure));
    }
    if (holder().equals(identity) && isValid()) {
      // Nobody else may have taken it: no need to look.
      return update()
          .recover(failure -> failure instanceof ApiException ? look() : failed(failure));
    }
    return look();
  }

  /** Gives the lease back, so that the next one need not wait for its end. */
  Future<Void> release() {
    // A renewal that is still under way must not take it again.
    released = true;
    if (!holder().equals(identity)) {
      return Future.succeededFuture();
    }
    return giveBack(observed)
        .recover(
            failure ->
                isConflict(failure)
                    ? client
                        .get(LEASES, options.resourceNamespace(), options.resourceName())
                        .compose(this::giveBack)
                    : Future.failedFuture(failure));
  }

  private Future<Void> giveBack(ObjectNode present) {
    if (!present.path("spec").path("holderIdentity").asText("").equals(identity)) {
      return Future.succeededFuture();
    }
    var lease = present.deepCopy();
    var now = MICROS.format(clock.instant());
    lease
        .withObject("spec")
        .put("holderIdentity", "")
        .put("leaseDurationSeconds", 1)
        .put("acquireTime", now)
        .put("renewTime", now);
    observed = null;
    return client
        .update(LEASES, options.resourceNamespace(), options.resourceName(), lease)
        .mapEmpty();
  }

  private Future<Boolean> create() {
    var lease = Json.object().put("apiVersion", "coordination.k8s.io/v1").put("kind", "Lease");
    lease
        .putObject("metadata")
        .put("name", options.resourceName())
        .put("namespace", options.resourceNamespace());
    lease.putObject("spec");
    return client.create(LEASES, options.resourceNamespace(), held(lease, 0)).map(this::mine);
  }

  private Future<Boolean> look() {
    return client
        .get(LEASES, options.resourceNamespace(), options.resourceName())
        .compose(
            lease -> {
              if (observed == null
                  || !observed.path("spec").equals(lease.path("spec"))
                  || !Meta.uid(observed).equals(Meta.uid(lease))) {
                observedAt = nanoTime.getAsLong();
              }
              observed = lease;
              if (released) {
                return Future.succeededFuture(false);
              }
              var free = holder().isEmpty() || holder().equals(identity) || !isValid();
              return free ? update() : Future.succeededFuture(false);
            })
        .recover(
            failure -> {
              // Somebody has deleted it: it is free.
              var gone = failure instanceof ApiException refused && refused.code() == 404;
              return gone ? create() : failed(failure);
            })
        // Another candidate was faster.
        .recover(failure -> isConflict(failure) ? Future.succeededFuture(false) : failed(failure));
  }

  private Future<Boolean> update() {
    var transitions = observed.path("spec").path("leaseTransitions").asInt();
    var lease = held(observed, holder().equals(identity) ? transitions : transitions + 1);
    return client
        .update(LEASES, options.resourceNamespace(), options.resourceName(), lease)
        .map(this::mine);
  }

  private boolean mine(ObjectNode lease) {
    observed = lease;
    observedAt = nanoTime.getAsLong();
    return true;
  }

  /** Returns the lease as this candidate's, renewed now. */
  private ObjectNode held(ObjectNode before, int transitions) {
    var lease = before.deepCopy();
    var now = MICROS.format(clock.instant());
    var spec = lease.withObject("spec");
    var renewed = spec.path("holderIdentity").asText("").equals(identity);
    spec.put("holderIdentity", identity)
        .put("leaseDurationSeconds", (int) options.leaseDuration().toSeconds())
        .put("acquireTime", renewed ? spec.path("acquireTime").asText(now) : now)
        .put("renewTime", now)
        .put("leaseTransitions", transitions);
    return lease;
  }

  /** A lease lasts as long as its holder says, from when it was seen. */
  private boolean isValid() {
    var seconds = observed.path("spec").path("leaseDurationSeconds").asLong();
    return nanoTime.getAsLong() - observedAt < Duration.ofSeconds(seconds).toNanos();
  }

  private static boolean isConflict(Throwable failure) {
    return failure instanceof ApiException refused && refused.code() == 409;
  }

  private static Future<Boolean> failed(Throwable failure) {
    return Future.failedFuture(failure);
  }
}
