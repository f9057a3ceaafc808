package io.hubspoke.runtime;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/**
 * Tells of each connection when its TLS begins. Vert.x tells of one when its handshake is done,
 * which those who make a handshake last never are.
 */
final class AnnouncingContext extends SslContext {
  private final SslContext context;
  private final Consumer<Channel> arrivals;

  AnnouncingContext(SslContext context, Consumer<Channel> arrivals) {
    this.context = context;
    this.arrivals = arrivals;
  }

  private SslHandler announcing(SslHandler handler, boolean startTls, Executor tasks) {
    return new SslHandler(handler.engine(), startTls, tasks) {
      @Override
      public void handlerAdded(ChannelHandlerContext added) throws Exception {
        super.handlerAdded(added);
        arrivals.accept(added.channel());
      }
    };
  }

  @Override
  protected SslHandler newHandler(ByteBufAllocator allocator, boolean startTls, Executor tasks) {
    return announcing(context.newHandler(allocator, tasks), startTls, tasks);
  }

  @Override
  protected SslHandler newHandler(
      ByteBufAllocator allocator, String peer, int port, boolean startTls, Executor tasks) {
    return announcing(context.newHandler(allocator, peer, port, tasks), startTls, tasks);
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator) {
    return context.newEngine(allocator);
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator, String peer, int port) {
    return context.newEngine(allocator, peer, port);
  }

  @Override
  public boolean isClient() {
    return context.isClient();
  }

  @Override
  public List<String> cipherSuites() {
    return context.cipherSuites();
  }

  @Override
  @SuppressWarnings("deprecation") // Its base class has no other.
  public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
    return context.applicationProtocolNegotiator();
  }

  @Override
  public SSLSessionContext sessionContext() {
    return context.sessionContext();
  }
}
