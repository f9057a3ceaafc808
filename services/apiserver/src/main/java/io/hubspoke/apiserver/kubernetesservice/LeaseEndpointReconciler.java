package io.hubspoke.apiserver.kubernetesservice;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.registry.ServerObjects;
import io.hubspoke.apiserver.resources.NetworkingResources;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.store.Store;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the {@code kubernetes} service as it shall be, and behind it the addresses of all replicas
 * that run. A replica that ends in order takes its address out; that of one that dies goes when its
 * lease has run out. All methods are called on one event loop.
 */
public final class LeaseEndpointReconciler {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseEndpointReconciler.class);

  /**
   * When it does what.
   *
   * @param check how often it looks whether everything is as it shall be
   * @param renew how often it renews its lease
   * @param life how long a lease is good for
   */
  public record Times(Duration check, Duration renew, Duration life) {
    /** Leases as the real apiserver has them. */
    public static final Times DEFAULT =
        new Times(Duration.ofSeconds(2), Duration.ofSeconds(10), Duration.ofSeconds(15));
  }

  private final Vertx vertx;
  private final ServerObjects objects;
  private final KubernetesServiceObjects wanted;
  private final String address;
  private final MasterLeases leases;
  private final Times times;
  private long timer = -1;
  private long renewed;
  private Future<Void> round = Future.succeededFuture();

  private static final int ATTEMPTS = 40;
  private static final long PAUSE_MILLIS = 250;

  /**
   * @param address under which the others find this replica
   */
  public LeaseEndpointReconciler(
      Vertx vertx,
      Store store,
      ServerObjects objects,
      KubernetesServiceObjects wanted,
      String address,
      Times times) {
    this.vertx = vertx;
    this.objects = objects;
    this.wanted = wanted;
    this.address = address;
    this.leases = new MasterLeases(store, address, times.life, System::nanoTime);
    this.times = times;
  }

  /** Takes this replica's address in, and goes on looking after the service. */
  public Future<Void> start() {
    timer = vertx.setPeriodic(times.check.toMillis(), fired -> check());
    round = renew().compose(done -> reconcile(ATTEMPTS));
    return round;
  }

  /** Of replicas that start at once one makes the service, and holds its address before. */
  private Future<Void> reconcile(int attempts) {
    return reconcile()
        .recover(
            e ->
                attempts == 1
                    ? Future.failedFuture(e)
                    : vertx
                        .timer(PAUSE_MILLIS, TimeUnit.MILLISECONDS)
                        .compose(over -> reconcile(attempts - 1)));
  }

  /** Takes this replica's address out, unless it is the last one. */
  public Future<Void> stop() {
    if (!vertx.cancelTimer(timer)) {
      return Future.succeededFuture();
    }
    return round
        .otherwiseEmpty()
        .compose(ended -> leases.remove())
        .compose(removed -> reconcile())
        .recover(
            e -> {
              LOG.warn("the address of this apiserver stays behind the service: {}", why(e));
              return Future.succeededFuture();
            });
  }

  private void check() {
    if (!round.isComplete()) {
      return;
    }
    boolean due = System.nanoTime() - renewed >= times.renew.toNanos();
    round =
        (due ? renew() : Future.<Void>succeededFuture())
            .compose(done -> reconcile())
            .onFailure(e -> LOG.warn("the service kubernetes is not kept: {}", why(e)));
  }

  private Future<Void> renew() {
    long now = System.nanoTime();
    return leases.renew().onSuccess(done -> renewed = now);
  }

  private Future<Void> reconcile() {
    return objects
        .create(ResourceTable.SERVICES, KubernetesServiceObjects.NAMESPACE, wanted.service())
        .compose(made -> leases.addresses())
        .map(this::ofOneFamily)
        .compose(
            addresses ->
                // Clients that know an address that may be gone are better off than without one.
                addresses.isEmpty()
                    ? Future.succeededFuture()
                    : keep(ResourceTable.ENDPOINTS, wanted.endpoints(addresses))
                        .compose(
                            kept ->
                                keep(
                                    NetworkingResources.ENDPOINT_SLICES, wanted.slice(addresses))));
  }

  /** A slice holds addresses of one family; that of this replica's decides. */
  private List<String> ofOneFamily(List<String> addresses) {
    return addresses.stream()
        .filter(one -> one.contains(":") == address.contains(":"))
        .sorted(
            Comparator.comparing(
                one -> InetAddress.ofLiteral(one).getAddress(), Arrays::compareUnsigned))
        .toList();
  }

  private Future<Void> keep(Resource resource, ObjectNode shall) {
    var namespace = KubernetesServiceObjects.NAMESPACE;
    var now = objects.get(resource, namespace, KubernetesServiceObjects.NAME);
    if (now == null) {
      return objects.create(resource, namespace, shall);
    }
    if (holds(now, shall)) {
      return Future.succeededFuture();
    }
    if (!now.path("addressType").equals(shall.path("addressType"))) {
      // What can't be changed is made anew.
      return objects
          .delete(resource, namespace, KubernetesServiceObjects.NAME)
          .compose(deleted -> objects.create(resource, namespace, shall));
    }
    return objects.change(
        resource, namespace, KubernetesServiceObjects.NAME, current -> correct(current, shall));
  }

  private static boolean holds(ObjectNode now, ObjectNode shall) {
    for (var field : shall.properties()) {
      if (!field.getKey().equals("metadata") && !field.getValue().equals(now.get(field.getKey()))) {
        return false;
      }
    }
    return Meta.labels(now).entrySet().containsAll(Meta.labels(shall).entrySet());
  }

  private static ObjectNode correct(ObjectNode now, ObjectNode shall) {
    for (var field : shall.properties()) {
      if (!field.getKey().equals("metadata")) {
        now.set(field.getKey(), field.getValue());
      }
    }
    var labels = Meta.of(now).withObject("/labels");
    Meta.labels(shall).forEach(labels::put);
    return now;
  }

  private static String why(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
