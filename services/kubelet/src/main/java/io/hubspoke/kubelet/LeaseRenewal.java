package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Backoff;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.Resource;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews the node's lease, whose age tells that the node is alive (Kubernetes documentation, "Node
 * heartbeats").
 *
 * <p>On an event loop: virtual threads take turns with each other, and when thousands of pods start
 * in one process a turn comes after seconds.
 */
final class LeaseRenewal {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseRenewal.class);
  private static final Resource<ObjectNode> LEASES = Resource.LEASES.tree();
  private static final String NAMESPACE = "kube-node-lease";

  /** As long as the real kubelet's: an answer that is lost must not cost the lease. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final KubeletOptions options;
  private final ApiClient client;
  private final EventRecorder events;
  private final Supplier<String> nodeUid;
  private final Consumer<String> displaced;
  private final Lifetime lifetime;
  private final ContextInternal context;
  private final LeaseHolder holder = LeaseHolder.now();
  private final Backoff backoff = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(7));
  private ObjectNode lease;
  private boolean toldOfConflict;
  private long timer = -1;

  /**
   * Renews nothing yet.
   *
   * @param nodeUid of the Node object
   * @param displaced told why this kubelet must not go on: another with its identity was first
   */
  LeaseRenewal(
      KubeletOptions options,
      ApiClient client,
      EventRecorder events,
      Supplier<String> nodeUid,
      Consumer<String> displaced,
      Lifetime lifetime,
      Vertx vertx) {
    this.options = options;
    this.client = client.heartbeats(PATIENCE);
    this.events = events;
    this.nodeUid = nodeUid;
    this.displaced = displaced;
    this.lifetime = lifetime;
    this.context = ((VertxInternal) vertx).createEventLoopContext();
  }

  /** Renews the lease again and again until the kubelet ends. */
  void start() {
    context.runOnContext(v -> renew());
    lifetime
        .over()
        .onComplete(over -> context.runOnContext(v -> context.owner().cancelTimer(timer)));
  }

  private void renew() {
    if (lifetime.ended()) {
      return;
    }
    long began = System.nanoTime();
    written()
        .onSuccess(
            renewed -> {
              lease = renewed;
              backoff.reset();
              // From one beginning to the next, however long the answers take.
              again(interval().minusNanos(System.nanoTime() - began));
            })
        .onFailure(this::failed);
  }

  private Duration interval() {
    Duration quarter = options.nodeLeaseDuration().dividedBy(4);
    // A thousand nodes that started together must not renew together.
    return quarter.plusMillis(ThreadLocalRandom.current().nextLong(1 + quarter.toMillis() / 25));
  }

  private void again(Duration wait) {
    if (!lifetime.ended()) {
      timer = context.setTimer(Math.max(1, wait.toMillis()), id -> renew());
    }
  }

  private Future<ObjectNode> written() {
    if (lease != null) {
      return update(lease);
    }
    return client
        .get(LEASES, NAMESPACE, options.nodeName())
        .compose(
            this::update,
            failure ->
                failure instanceof ApiException refused && refused.code() == 404
                    ? client.create(LEASES, NAMESPACE, renewed(newLease()))
                    : Future.failedFuture(failure));
  }

  private Future<ObjectNode> update(ObjectNode known) {
    return client.update(LEASES, NAMESPACE, options.nodeName(), renewed(known));
  }

  private void failed(Throwable failure) {
    ObjectNode held = lease;
    lease = null;
    LOG.debug("{}: lease not renewed: {}", options.nodeName(), failure.getMessage());
    boolean conflict =
        failure instanceof ApiException refused && refused.reason().equals("Conflict");
    if (!conflict || held == null) {
      again(backoff.next());
      return;
    }
    client
        .get(LEASES, NAMESPACE, options.nodeName())
        .map(found -> isDisplaced(held, found))
        .otherwise(false)
        .onSuccess(
            gone -> {
              if (!gone) {
                again(backoff.next());
              }
            });
  }

  /**
   * Finds out whether another kubelet renews this node's lease: one that runs with a copy of this
   * one's files. The real kubelet doesn't notice, and both overwrite each other's reports for ever.
   * Here the one that started later leaves, so that pods are not run twice.
   */
  private boolean isDisplaced(ObjectNode held, ObjectNode found) {
    String renewedAt = found.at("/spec/renewTime").asText();
    // Changed by somebody who renewed nothing, such as a person.
    if (renewedAt.equals(held.at("/spec/renewTime").asText())) {
      return false;
    }
    boolean first = !holder.isAfter(LeaseHolder.of(found));
    String message =
        "another kubelet runs with the identity of node \"%s\": it renewed the lease at %s; %s"
            .formatted(
                options.nodeName(),
                renewedAt,
                first
                    ? "this one, at %s, was first and goes on".formatted(options.nodeIp())
                    : "this one, at %s, started later and stops".formatted(options.nodeIp()));
    if (!first || !toldOfConflict) {
      toldOfConflict = true;
      LOG.error("{}: {}", options.nodeName(), message);
      events.warning(
          new EventRecorder.Regarding("v1", "Node", "", options.nodeName(), options.nodeName()),
          "NodeNameConflict",
          message);
    }
    if (!first) {
      displaced.accept(message);
    }
    return !first;
  }

  private ObjectNode newLease() {
    ObjectNode made =
        Json.object().put("apiVersion", "coordination.k8s.io/v1").put("kind", "Lease");
    ObjectNode metadata = made.putObject("metadata");
    metadata.put("name", options.nodeName()).put("namespace", NAMESPACE);
    return made;
  }

  private ObjectNode renewed(ObjectNode old) {
    ObjectNode next = old.deepCopy();
    ObjectNode metadata = Meta.of(next);
    String uid = nodeUid.get();
    if (!uid.isEmpty() && metadata.path("ownerReferences").isEmpty()) {
      metadata
          .putArray("ownerReferences")
          .addObject()
          .put("apiVersion", "v1")
          .put("kind", "Node")
          .put("name", options.nodeName())
          .put("uid", uid);
    }
    ObjectNode spec = next.get("spec") instanceof ObjectNode s ? s : next.putObject("spec");
    spec.put("holderIdentity", options.nodeName());
    spec.put("leaseDurationSeconds", options.nodeLeaseDuration().toSeconds());
    spec.put("renewTime", Times.micros(Instant.now()));
    holder.sign(metadata);
    return next;
  }
}
