package io.hubspoke.apiserver.registry;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;

/** Ends a response whose client has stopped reading, and gives up what was not sent. */
final class StuckClient {
  private StuckClient() {}

  static void cutOff(HttpServerRequest request) {
    if (request.version() != HttpVersion.HTTP_2
        && request.connection() instanceof ConnectionBase connection) {
      // Vert.x closes a connection after flushing it, which a client that doesn't read prevents:
      // so from where Vert.x sits in the pipeline, past it.
      var unused = connection.channelHandlerContext().close();
    } else {
      request.response().reset();
    }
  }
}
