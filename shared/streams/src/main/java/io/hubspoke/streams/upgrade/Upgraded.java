package io.hubspoke.streams.upgrade;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.vertx.core.MultiMap;
import io.vertx.core.internal.net.NetSocketInternal;

/**
 * A connection that is no longer HTTP. Nothing is read from it before {@link #start}, so that
 * whoever takes it over can set handlers first; then come the bytes that arrived meanwhile.
 */
public final class Upgraded implements UpgradeAnswer {
  private final NetSocketInternal socket;
  private final MultiMap headers;
  private final UpgradeGate gate;

  Upgraded(NetSocketInternal socket, MultiMap headers, UpgradeGate gate) {
    this.socket = socket;
    this.headers = headers;
    this.gate = gate;
  }

  /** Returns the connection; Netty handlers go before its pipeline's {@code handler}. */
  public NetSocketInternal socket() {
    return socket;
  }

  /** Returns the headers of the answer at a client, of the request at a server. */
  public MultiMap headers() {
    return headers;
  }

  /** Lets bytes come. */
  public void start() {
    Channel channel = channel();
    if (channel.eventLoop().inEventLoop()) {
      open(channel);
    } else {
      channel.eventLoop().execute(() -> open(channel));
    }
  }

  Channel channel() {
    return socket.channelHandlerContext().channel();
  }

  private void open(Channel channel) {
    // A pipeline is empty once its channel has ended.
    ChannelHandlerContext held = channel.pipeline().context(gate);
    if (held != null) {
      gate.open(held);
    }
  }
}
