package io.hubspoke.lab.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.vertx.core.Handler;
import io.vertx.core.internal.net.NetSocketInternal;

/**
 * Joins two sockets until both directions have ended.
 *
 * <p>It holds no more than one socket's worth of unsent bytes a direction: a reader that stops
 * holds its writer back. Everything runs on the event loop that both sockets share.
 */
final class Relay {
  /** Sees the bytes of one direction, and hands on what the other side shall get. */
  @FunctionalInterface
  interface Filter {
    /** Takes over the reference to {@code bytes} and gives one back. */
    ByteBuf pass(Direction direction, ByteBuf bytes);

    /** Returns what is still to be handed on at the end of a direction. */
    default ByteBuf end(Direction direction) {
      return Unpooled.EMPTY_BUFFER;
    }
  }

  private final NetSocketInternal opener;
  private final NetSocketInternal target;
  private final Filter filter;
  private final Pacing pacing;
  private boolean outboundEnded;
  private boolean inboundEnded;
  private boolean frozen;
  private boolean closed;

  /** When a piece is handed on: at once, or after a delay. */
  @FunctionalInterface
  interface Pacing {
    /** Runs the action now and returns true, or later and returns false. */
    boolean run(Handler<Void> action);

    Pacing AT_ONCE =
        action -> {
          action.handle(null);
          return true;
        };
  }

  Relay(NetSocketInternal opener, NetSocketInternal target, Filter filter, Pacing pacing) {
    this.opener = opener;
    this.target = target;
    this.filter = filter;
    this.pacing = pacing;
  }

  /** Returns the address of who opened it. */
  String from() {
    return opener.remoteAddress().host();
  }

  void start(Handler<Void> onClose) {
    opener.closeHandler(
        v -> {
          close();
          onClose.handle(null);
        });
    target.closeHandler(v -> close());
    opener.exceptionHandler(e -> close());
    target.exceptionHandler(e -> close());
    pump(opener, target, Direction.OUTBOUND);
    pump(target, opener, Direction.INBOUND);
    reading(target, true);
    reading(opener, true);
  }

  private void pump(NetSocketInternal from, NetSocketInternal to, Direction direction) {
    if (from.channelHandlerContext().channel().config() instanceof SocketChannelConfig config) {
      config.setAllowHalfClosure(true);
    }
    from.messageHandler(
        message -> {
          var bytes = filter.pass(direction, (ByteBuf) message);
          var now =
              pacing.run(
                  v -> {
                    write(to, bytes);
                    follow(from, to);
                  });
          if (!now) {
            reading(from, false);
          }
        });
    from.eventHandler(
        event -> {
          if (event == ChannelInputShutdownEvent.INSTANCE) {
            pacing.run(v -> ended(to, direction));
          }
        });
  }

  private void write(NetSocketInternal to, ByteBuf bytes) {
    if (closed) {
      bytes.release();
    } else {
      to.writeMessage(bytes).onFailure(e -> close());
    }
  }

  /** Lets the reading side go on once the writing side has room. */
  private void follow(NetSocketInternal from, NetSocketInternal to) {
    if (frozen || closed) {
      return;
    }
    if (to.writeQueueFull()) {
      reading(from, false);
      to.drainHandler(
          v -> {
            if (!frozen) {
              reading(from, true);
            }
          });
    } else {
      reading(from, true);
    }
  }

  private void ended(NetSocketInternal to, Direction direction) {
    write(to, filter.end(direction));
    switch (direction) {
      case OUTBOUND -> outboundEnded = true;
      case INBOUND -> inboundEnded = true;
    }
    if (outboundEnded && inboundEnded) {
      close();
    } else if (to.channelHandlerContext().pipeline().get("ssl") != null) {
      // TLS's close_notify ends one direction only in TLS 1.3, and HTTP peers take it for the end.
      close();
    } else if (to.channelHandlerContext().channel() instanceof DuplexChannel channel) {
      // Behind the writes that are still queued: an empty message is flushed after them.
      to.writeMessage(Unpooled.EMPTY_BUFFER)
          .onComplete(r -> channel.shutdownOutput().addListener(done -> shut(done.isSuccess())));
    }
  }

  private void shut(boolean success) {
    if (!success) {
      close();
    }
  }

  /** Stops moving bytes while both connections stay open. */
  void freeze() {
    frozen = true;
    reading(opener, false);
    reading(target, false);
  }

  boolean frozen() {
    return frozen;
  }

  /** Ends both connections in an orderly way, after the bytes that are queued. */
  void close() {
    if (!closed) {
      closed = true;
      opener.close();
      target.close();
    }
  }

  /** Ends both connections with a TCP reset. */
  void reset() {
    closed = true;
    reset(opener);
    reset(target);
  }

  /**
   * Switches the channel itself: a socket that Vert.x pauses goes on reading a few messages, which
   * its end would then overtake.
   */
  static void reading(NetSocketInternal socket, boolean on) {
    var channel = socket.channelHandlerContext().channel();
    if (channel.isActive()) {
      channel.config().setAutoRead(on);
    }
  }

  static void reset(NetSocketInternal socket) {
    var channel = socket.channelHandlerContext().channel();
    if (!channel.isOpen()) {
      return;
    }
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    channel.unsafe().close(channel.unsafe().voidPromise());
  }
}
