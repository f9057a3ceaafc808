package io.hubspoke.tunnel.konnectivity;

import io.hubspoke.streams.NettyDuplex;
import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * A socket that is a tunnel by HTTP's CONNECT, either end of it, on its own context. It is paused
 * at first. It ends as a whole, as in every implementation: who half-closes it has closed it.
 */
public final class ProxiedSocket extends NettyDuplex {
  private static final String HANDLER = "proxied";

  private final ContextInternal context;

  private ProxiedSocket(ConnectionBase connection) {
    super(connection.context(), connection.channelHandlerContext().channel());
    this.context = connection.context();
  }

  /**
   * Takes a socket over before anything of it is read. Vert.x's own is not used any more: it tells
   * of an end ahead of what it holds back for a paused reader, and an idle one keeps several
   * kilobytes.
   */
  public static ProxiedSocket over(NetSocket socket) {
    var proxied = new ProxiedSocket((ConnectionBase) socket);
    var pipeline = proxied.channel().pipeline();
    pipeline.addBefore("handler", HANDLER, proxied.reader());
    pipeline.remove("handler");
    if (pipeline.get("chunkedWriter") != null) {
      pipeline.remove("chunkedWriter");
    }
    return proxied;
  }

  /** Reads the head of one HTTP/1 message, what follows which is the tunnel's. */
  public Future<String> head() {
    return HttpHead.read(channel(), HANDLER);
  }

  /** Returns where it lives. */
  public ContextInternal context() {
    return context;
  }

  @Override
  protected boolean halfCloses() {
    return false;
  }
}
