package io.hubspoke.tunnel;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.net.ClientOptionsBase;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.spi.transport.Transport;
import java.net.SocketAddress;
import java.util.concurrent.ThreadFactory;

/**
 * Connects to a {@link TunnelAddress} by a {@link TunnelChannel}, and leaves all else to the
 * transport beneath.
 */
public final class TunnelTransport implements Transport {
  /**
   * Whether what this thread connects to next is beyond a tunnel. Netty takes the channel from its
   * factory after Vert.x has converted the address, in one call on one thread; the factory itself
   * is told no more than that it is no internet address.
   */
  private final ThreadLocal<Boolean> tunnelled = ThreadLocal.withInitial(() -> false);

  private final Transport beneath;

  public TunnelTransport(Transport beneath) {
    this.beneath = beneath;
  }

  @Override
  public SocketAddress convert(io.vertx.core.net.SocketAddress address) {
    // Always set: what an earlier attempt left must not count.
    tunnelled.set(address instanceof TunnelAddress);
    return address instanceof TunnelAddress tunnel
        ? new TunnelPeer(tunnel)
        : beneath.convert(address);
  }

  @Override
  public io.vertx.core.net.SocketAddress convert(SocketAddress address) {
    return address instanceof TunnelPeer peer ? peer.address() : beneath.convert(address);
  }

  @Override
  public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
    if (!domainSocket) {
      return beneath.channelFactory(false);
    }
    return () -> tunnelled.get() ? new TunnelChannel() : beneath.channelFactory(true).newChannel();
  }

  @Override
  public boolean supportsDomainSockets() {
    return beneath.supportsDomainSockets();
  }

  @Override
  public boolean supportFileRegion() {
    return beneath.supportFileRegion();
  }

  @Override
  public boolean isAvailable() {
    return beneath.isAvailable();
  }

  @Override
  public Throwable unavailabilityCause() {
    return beneath.unavailabilityCause();
  }

  @Override
  public IoHandlerFactory ioHandlerFactory() {
    return beneath.ioHandlerFactory();
  }

  @Override
  public EventLoopGroup eventLoopGroup(
      int type, int threads, ThreadFactory threadFactory, int ioRatio) {
    return beneath.eventLoopGroup(type, threads, threadFactory, ioRatio);
  }

  @Override
  public DatagramChannel datagramChannel() {
    return beneath.datagramChannel();
  }

  @Override
  @SuppressWarnings("deprecation") // What the interface asks for.
  public DatagramChannel datagramChannel(InternetProtocolFamily family) {
    return beneath.datagramChannel(family);
  }

  @Override
  public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
    return beneath.serverChannelFactory(domainSocket);
  }

  @Override
  public void configure(DatagramChannel channel, DatagramSocketOptions options) {
    beneath.configure(channel, options);
  }

  @Override
  public void configure(
      ClientOptionsBase options, int connectTimeout, boolean domainSocket, Bootstrap bootstrap) {
    beneath.configure(options, connectTimeout, domainSocket, bootstrap);
  }

  @Override
  public void configure(NetServerOptions options, boolean domainSocket, ServerBootstrap bootstrap) {
    beneath.configure(options, domainSocket, bootstrap);
  }
}
