package io.hubspoke.lab;

import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.NetworkNamespace;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.Callable;

/** Somebody on a machine that has a network namespace: his sockets are opened in it. */
final class NamespacePlace implements Place {
  private final NetworkNamespace namespace;
  private final String address;
  private Vertx vertx;

  NamespacePlace(NetworkNamespace namespace, String address) {
    this.namespace = namespace;
    this.address = address;
  }

  @Override
  public String address() {
    return address;
  }

  NetworkNamespace namespace() {
    return namespace;
  }

  /** A thread is in the network of the thread that starts it, so the event loop starts inside. */
  @Override
  public synchronized Vertx vertx() {
    if (vertx == null) {
      try {
        vertx =
            namespace.call(
                () -> {
                  var inside = Vertx.vertx(Component.options().setEventLoopPoolSize(1));
                  Component.await(inside.timer(1));
                  return inside;
                });
      } catch (Exception e) {
        throw new IllegalStateException(Component.reason(e), e);
      }
    }
    return vertx;
  }

  @Override
  public <T> T call(Callable<T> work) throws Exception {
    return namespace.call(work);
  }

  synchronized Future<Void> close() {
    return vertx == null ? Future.succeededFuture() : vertx.close();
  }
}
