package io.hubspoke.apiserver.http;

import io.hubspoke.streams.upgrade.UpgradableRequestDecoder;
import io.netty.handler.codec.http.HttpMessage;
import io.vertx.core.http.HttpServerOptions;

/**
 * Refuses a request whose body has two lengths. RFC 9112 section 6.1 lets a server go by one of
 * them, but a proxy on the way that went by the other would take what follows for another request.
 */
final class StrictRequestDecoder extends UpgradableRequestDecoder {
  StrictRequestDecoder(HttpServerOptions options) {
    super(options);
  }

  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
  }
}
