package io.hubspoke.streams;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;

/** A TCP connection whose halves end by themselves, which Vert.x's own sockets can't. */
public final class SocketDuplex extends NettyDuplex {
  private SocketDuplex(ContextInternal context, NetSocketInternal socket) {
    super(context, socket.channelHandlerContext().channel());
    // Vert.x's own handler would keep several kilobytes for each connection, for what is not used.
    channel().pipeline().replace("handler", "duplex", reader());
  }

  /** Connects; the result is paused. */
  public static Future<Duplex> connect(Vertx vertx, NetClient client, SocketAddress address) {
    return connect(((VertxInternal) vertx).createEventLoopContext(), client, address);
  }

  /**
   * Connects; the result is paused, and lives on the context's event loop.
   *
   * @param context of an event loop
   */
  public static Future<Duplex> connect(
      ContextInternal context, NetClient client, SocketAddress address) {
    Promise<Duplex> connected = context.promise();
    // On the event loop of the connection, so that nothing is read before it is taken over.
    context.runOnContext(
        v ->
            client
                .connect(address)
                .<Duplex>map(socket -> new SocketDuplex(context, (NetSocketInternal) socket))
                .onComplete(connected));
    return connected.future();
  }

  @Override
  protected boolean halfCloses() {
    return true;
  }
}
