package io.hubspoke.lab.controlplane;

import io.hubspoke.kubeproxy.Proxier;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Takes its time, fails some times, and notes what it is told. */
final class FailingProxier implements Proxier {
  final AtomicInteger most = new AtomicInteger();
  final AtomicInteger calls = new AtomicInteger();
  private final Vertx vertx;
  private final int failures;
  private final AtomicInteger running = new AtomicInteger();
  private volatile List<ServiceRule> applied = List.of();

  FailingProxier(Vertx vertx, int failures) {
    this.vertx = vertx;
    this.failures = failures;
  }

  List<ServiceRule> applied() {
    return applied;
  }

  @Override
  public String mode() {
    return "userspace";
  }

  @Override
  public Future<Void> start() {
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> apply(List<ServiceRule> rules) {
    most.accumulateAndGet(running.incrementAndGet(), Math::max);
    var done = Promise.<Void>promise();
    vertx.setTimer(
        30,
        id -> {
          running.decrementAndGet();
          if (calls.incrementAndGet() <= failures) {
            done.fail("the machine has not enough of something");
          } else {
            applied = rules;
            done.complete();
          }
        });
    return done.future();
  }

  @Override
  public Future<Void> stop() {
    return Future.succeededFuture();
  }
}
