package io.hubspoke.streams.upgrade;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import java.util.List;

/**
 * Stops decoding behind a request to upgrade: what follows is not known to be HTTP until the answer
 * has gone out. It is passed on as it came, for {@link UpgradeGate} to hold.
 */
public class UpgradableRequestDecoder extends VertxHttpRequestDecoder {
  private boolean asked;
  private boolean held;

  public UpgradableRequestDecoder(HttpServerOptions options) {
    super(options);
  }

  @Override
  protected final void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
      throws Exception {
    if (held) {
      out.add(in.readRetainedSlice(in.readableBytes()));
      return;
    }
    int before = out.size();
    super.decode(ctx, in, out);
    for (int i = before; i < out.size(); i++) {
      Object message = out.get(i);
      if (message instanceof HttpRequest request) {
        asked = isUpgrade(request);
      }
      if (asked && message instanceof LastHttpContent) {
        asked = false;
        held = true;
      }
    }
  }

  /** Returns whether a request to upgrade is the last thing that was decoded. */
  final boolean isHeld() {
    return held;
  }

  /** Decodes what comes from now on: it stays HTTP. */
  final void proceed() {
    held = false;
  }

  private static boolean isUpgrade(HttpRequest request) {
    HttpHeaders headers = request.headers();
    return request.decoderResult().isSuccess()
        && request.protocolVersion().equals(HttpVersion.HTTP_1_1)
        && UpgradeRequest.is(
            headers.getAll("Connection"),
            headers.get("Upgrade"),
            headers.getAll("Content-Length"),
            headers.contains("Transfer-Encoding"));
  }
}
