package io.hubspoke.streams.websocket;

import io.hubspoke.streams.NettySink;
import io.netty.channel.ChannelFuture;
import io.vertx.core.buffer.Buffer;

/** Writes one channel. */
final class OutgoingChannel extends NettySink {
  private final ChannelConnection connection;
  private final int number;

  OutgoingChannel(ChannelConnection connection, int number) {
    super(connection.streams());
    this.connection = connection;
    this.number = number;
  }

  @Override
  protected ChannelFuture send(Buffer data) {
    return connection.sendAll(number, data);
  }

  @Override
  protected void sendEnd() {
    connection.endChannel(number);
  }
}
