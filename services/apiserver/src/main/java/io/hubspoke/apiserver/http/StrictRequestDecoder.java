package io.hubspoke.apiserver.http;

import io.netty.handler.codec.http.HttpMessage;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Refuses a request whose body has two lengths. RFC 9112 section 6.1 lets a server go by one of
 * them, but a proxy on the way that went by the other would take what follows for another request.
 */
final class StrictRequestDecoder extends VertxHttpRequestDecoder {
  // The name that Vert.x gives its own.
  private static final String NAME = "httpDecoder";

  private StrictRequestDecoder(HttpServerOptions options) {
    super(options);
  }

  /** Takes the place of Vert.x's decoder, on a connection of HTTP/1. */
  static void install(HttpConnection connection, HttpServerOptions options) {
    if (connection instanceof ConnectionBase base
        && base.channel().pipeline().get(NAME) instanceof VertxHttpRequestDecoder) {
      base.channel().pipeline().replace(NAME, NAME, new StrictRequestDecoder(options));
    }
  }

  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
  }
}
