package io.hubspoke.kubeproxy.userspace;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Keeps what a peer sends before its connection is joined with the other one. Nothing is asked for
 * until then, but who ends its way at once is read from even so (Netty's epoll, when it is told of
 * the end).
 */
final class EarlyBytes extends ChannelInboundHandlerAdapter {
  private final Queue<Object> held = new ArrayDeque<>();
  private boolean ended;
  private boolean joined;

  /** Hands on what there is, and all that follows; on the connection's event loop. */
  static void release(Channel connection) {
    var context = connection.pipeline().context(EarlyBytes.class);
    if (context != null) {
      ((EarlyBytes) context.handler()).release(context);
    }
  }

  /** Returns whether something is held; on the connection's event loop. */
  static boolean any(Channel connection) {
    var early = connection.pipeline().get(EarlyBytes.class);
    return early != null && (early.ended || !early.held.isEmpty());
  }

  private void release(ChannelHandlerContext context) {
    joined = true;
    if (!held.isEmpty()) {
      for (var bytes = held.poll(); bytes != null; bytes = held.poll()) {
        context.fireChannelRead(bytes);
      }
      context.fireChannelReadComplete();
    }
    if (ended) {
      context.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object bytes) {
    if (joined) {
      context.fireChannelRead(bytes);
    } else {
      held.add(bytes);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!joined && event == ChannelInputShutdownEvent.INSTANCE) {
      ended = true;
    } else {
      context.fireUserEventTriggered(event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable broken) {
    if (joined) {
      context.fireExceptionCaught(broken);
    } else {
      var unused = context.close();
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    held.forEach(ReferenceCountUtil::release);
    held.clear();
  }
}
