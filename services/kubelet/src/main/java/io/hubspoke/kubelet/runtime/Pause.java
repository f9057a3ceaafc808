package io.hubspoke.kubelet.runtime;

import io.vertx.core.Future;
import io.vertx.core.Promise;

/** Image {@code hubspoke/pause}: waits to be told to end. */
final class Pause implements Program {
  private final Promise<Integer> exit = Promise.promise();

  @Override
  public Future<Integer> run() {
    return exit.future();
  }

  @Override
  public void terminate() {
    exit.tryComplete(0);
  }

  @Override
  public Future<Void> kill() {
    return Future.succeededFuture();
  }
}
