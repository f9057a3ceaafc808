package io.hubspoke.apiserver;

import io.hubspoke.apiserver.store.Storage;
import io.hubspoke.apiserver.store.StorageOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.time.Clock;

/** An apiserver over a store of its own, opened before and closed after it. */
final class StoredApiserver extends VerticleBase {
  private final ApiserverOptions options;
  private final StorageOptions storage;
  private final Promise<Void> lost = Promise.promise();
  private Storage open;

  StoredApiserver(ApiserverOptions options, StorageOptions storage) {
    this.options = options;
    this.storage = storage;
  }

  /** Fails when the store can't go on and the process has to start anew. */
  Future<Void> lost() {
    return lost.future();
  }

  @Override
  public Future<?> start() {
    Promise<Storage> opened = ((ContextInternal) context).promise();
    Thread.ofVirtual()
        .name("store open")
        .start(
            () -> {
              try {
                opened.complete(
                    Storage.open(
                        storage,
                        Clock.systemUTC(),
                        () -> lost.tryFail("this member of the store has to start anew")));
              } catch (IOException | InterruptedException | RuntimeException e) {
                opened.fail(e);
              }
            });
    return opened
        .future()
        .compose(
            made -> {
              open = made;
              return vertx.deployVerticle(new Apiserver(options, made.store()));
            });
  }

  @Override
  public Future<?> stop() {
    // The apiserver was deployed by this verticle and has stopped before.
    return open == null ? Future.succeededFuture() : open.close();
  }
}
