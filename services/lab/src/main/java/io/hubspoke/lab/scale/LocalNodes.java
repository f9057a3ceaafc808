package io.hubspoke.lab.scale;

import io.hubspoke.kubelet.Kubelet;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/** A pool of kubelets in this process; a bounded number of them joins at a time. */
public final class LocalNodes implements NodePool {
  /** A bootstrap token is one user, which gets a share of the apiserver's places (50). */
  private static final int JOINING = 40;

  private final Vertx vertx;
  private final IntFunction<KubeletOptions> options;
  private final Map<Integer, Node> nodes = new ConcurrentHashMap<>();

  /**
   * The first node goes ahead and initializes classes: virtual threads that wait for another one to
   * do so keep their carriers, of which it may need one.
   */
  private final Semaphore joining = new Semaphore(1);

  private final AtomicBoolean pathfinder = new AtomicBoolean(true);
  private final AtomicInteger joined = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private volatile String failure = "";
  private volatile boolean closed;

  private record Node(Future<String> deployment, Future<Void> settled) {}

  /**
   * Runs no node yet.
   *
   * @param options of the node with that number
   */
  public LocalNodes(Vertx vertx, IntFunction<KubeletOptions> options) {
    this.vertx = vertx;
    this.options = options;
  }

  @Override
  public Future<Void> start(NodeRange range) {
    Promise<Void> done = Promise.promise();
    Thread.ofVirtual()
        .name("start nodes " + range)
        .start(
            () -> {
              try {
                for (var n = range.first(); n <= range.last() && !closed; n++) {
                  joining.acquire();
                  nodes.computeIfAbsent(n, this::deploy);
                }
                var settled = new ArrayList<Future<Void>>();
                for (var n = range.first(); n <= range.last(); n++) {
                  var node = nodes.get(n);
                  if (node != null) {
                    settled.add(node.settled());
                  }
                }
                Future.join(settled).onComplete(all -> done.complete());
              } catch (InterruptedException | RuntimeException e) {
                done.fail(e);
              }
            });
    return done.future();
  }

  private Node deploy(int n) {
    var kubelet = new Kubelet(options.apply(n));
    var deployment = vertx.deployVerticle(kubelet);
    Future<Void> in = deployment.compose(id -> kubelet.ready());
    in.onComplete(
        done -> {
          joining.release(pathfinder.getAndSet(false) ? JOINING : 1);
          if (done.succeeded()) {
            joined.incrementAndGet();
          }
        });
    // Also of one that was in already, such as one whose identity another has.
    deployment
        .compose(id -> kubelet.ended())
        .onFailure(
            e -> {
              if (in.succeeded()) {
                joined.decrementAndGet();
              }
              failed.incrementAndGet();
              failure = Component.reason(e);
            });
    return new Node(deployment, in.otherwiseEmpty());
  }

  @Override
  public Future<Void> stop(NodeRange range) {
    var stopping = new ArrayList<Future<Void>>();
    for (var n = range.first(); n <= range.last(); n++) {
      var node = nodes.remove(n);
      if (node != null) {
        stopping.add(
            node.deployment().compose(vertx::undeploy).onSuccess(v -> joined.decrementAndGet()));
      }
    }
    return Future.join(stopping).<Void>mapEmpty().otherwiseEmpty();
  }

  @Override
  public PoolReport report() {
    return new PoolReport(nodes.size(), joined.get(), failed.get(), failure);
  }

  @Override
  public Future<Void> close() {
    closed = true;
    return nodes.isEmpty()
        ? Future.succeededFuture()
        : stop(
            new NodeRange(
                nodes.keySet().stream().mapToInt(n -> n).min().orElse(1),
                nodes.keySet().stream().mapToInt(n -> n).max().orElse(1)));
  }
}
