package io.hubspoke.lab;

import io.hubspoke.kubelet.Kubelet;
import io.hubspoke.kubelet.KubeletOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;

/** The kubelet of a node that joins a cluster: what it was let in with goes once it is in. */
final class JoinedNode extends VerticleBase {
  private final KubeletOptions options;
  private final JoinDirectory directory;
  private final Runnable announce;
  private final Promise<Void> joined = Promise.promise();

  /**
   * @param announce called when the node is one of the cluster's
   */
  JoinedNode(KubeletOptions options, JoinDirectory directory, Runnable announce) {
    this.options = options;
    this.directory = directory;
    this.announce = announce;
  }

  /** Completes when the node is in; fails when it is not let in. */
  Future<Void> joined() {
    return joined.future();
  }

  @Override
  public Future<?> start() {
    var kubelet = new Kubelet(options);
    return vertx
        .deployVerticle(kubelet)
        .onSuccess(
            deployed ->
                kubelet
                    .ready()
                    .compose(
                        ready ->
                            vertx.executeBlocking(
                                () -> {
                                  directory.joined();
                                  return null;
                                }))
                    .<Void>mapEmpty()
                    .onSuccess(in -> announce.run())
                    .onComplete(joined))
        .recover(
            e ->
                vertx
                    .executeBlocking(
                        () -> {
                          directory.abandon();
                          return null;
                        })
                    .transform(done -> Future.failedFuture(e)));
  }

  @Override
  public Future<?> stop() {
    return joined.future().succeeded()
        ? Future.succeededFuture()
        : vertx.executeBlocking(
            () -> {
              directory.abandon();
              return null;
            });
  }
}
