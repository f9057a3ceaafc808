package io.hubspoke.konnectivity.server;

import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.net.SocketAddress;

/** Names the flags of an address that can't be had. */
final class Listening {
  private Listening() {}

  static <T> Future<T> named(String flags, SocketAddress at, Future<T> listening) {
    return listening.recover(
        e ->
            Future.failedFuture(
                "%s: cannot listen on %s: %s".formatted(flags, at, Component.reason(e))));
  }
}
