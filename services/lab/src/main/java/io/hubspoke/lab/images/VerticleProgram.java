package io.hubspoke.lab.images;

import io.hubspoke.kubelet.runtime.Program;
import io.hubspoke.runtime.Component;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;

/**
 * A component of a cluster that is the process of a container: a verticle, which runs until the
 * container ends.
 *
 * @param <T> its options
 */
abstract class VerticleProgram<T> implements Program {
  final Surroundings given;
  private final int terminated;
  private final Promise<Integer> exit = Promise.promise();
  private Future<String> deployed = Future.failedFuture("not started");
  private Future<Void> undeployed;

  /**
   * Starts nothing yet.
   *
   * @param terminated the exit code of one that was asked to end
   */
  VerticleProgram(Surroundings given, int terminated) {
    this.given = given;
    this.terminated = terminated;
  }

  /**
   * Reads its flags and files, off the event loop.
   *
   * @throws IllegalArgumentException saying what is wrong with them
   */
  abstract T options() throws IOException;

  abstract Deployable verticle(T options);

  /** What it is, for the log of its container. */
  abstract String name();

  /** Removes what is left of it. */
  Future<Void> forget() {
    return Future.succeededFuture();
  }

  @Override
  public final Future<Integer> run() {
    deployed =
        given
            .context()
            .executeBlocking(this::options)
            .compose(options -> given.context().owner().deployVerticle(verticle(options)));
    deployed
        .onSuccess(id -> given.out(name() + " runs"))
        .onFailure(
            failure -> {
              given.err("error: " + Component.reason(failure));
              exit.tryComplete(1);
            });
    return exit.future();
  }

  @Override
  public final void terminate() {
    kill().onComplete(gone -> exit.tryComplete(terminated));
  }

  @Override
  public final Future<Void> kill() {
    if (undeployed == null) {
      undeployed =
          deployed
              .compose(id -> given.context().owner().undeploy(id))
              .otherwiseEmpty()
              .eventually(this::forget);
    }
    return undeployed;
  }
}
