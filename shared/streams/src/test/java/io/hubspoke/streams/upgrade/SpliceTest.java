package io.hubspoke.streams.upgrade;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two connections on event loops of their own, one of which is busy when they are joined. */
@Timeout(20)
class SpliceTest {
  private static final Duration STANDSTILL = Duration.ofSeconds(10);

  private static final int PATIENCE_MILLIS = 10_000;

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
  private final CountDownLatch busy = new CountDownLatch(1);
  private Channel server;
  private Socket oneClient;
  private Socket otherClient;
  private Channel one;
  private Channel other;

  @BeforeEach
  void connect() throws Exception {
    server =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.AUTO_READ, false)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel connection) {
                    accepted.add(connection);
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .sync()
            .channel();
    var address = (InetSocketAddress) server.localAddress();
    oneClient = new Socket(address.getAddress(), address.getPort());
    oneClient.setSoTimeout(PATIENCE_MILLIS);
    one = accepted.take();
    otherClient = new Socket(address.getAddress(), address.getPort());
    otherClient.setSoTimeout(PATIENCE_MILLIS);
    other = accepted.take();
    assertThat(one.eventLoop()).isNotSameAs(other.eventLoop());
    other.eventLoop().execute(this::await);
  }

  private void await() {
    try {
      busy.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @AfterEach
  void close() throws Exception {
    busy.countDown();
    oneClient.close();
    otherClient.close();
    loops.shutdownGracefully().sync();
  }

  @Test
  void anEndThatStandsAloneForAWhileKeepsWhatComes() throws Exception {
    var joined = Splice.join(one, other, STANDSTILL);
    one.eventLoop()
        .submit(
            () -> {
              // The rest of a read that began before the end was there.
              one.pipeline().fireChannelRead(Unpooled.copiedBuffer("early ", UTF_8));
              one.pipeline().fireChannelReadComplete();
              one.pipeline().fireChannelWritabilityChanged();
            })
        .sync();
    busy.countDown();
    oneClient.getOutputStream().write("and late".getBytes(UTF_8));

    assertThat(otherClient.getInputStream().readNBytes(14)).asString().isEqualTo("early and late");
    otherClient.getOutputStream().write("back".getBytes(UTF_8));
    assertThat(oneClient.getInputStream().readNBytes(4)).asString().isEqualTo("back");
    oneClient.close();
    otherClient.close();
    Await.result(joined);
  }

  @Test
  void anEndThatGoesMeanwhileLeavesWhatItHasSaid() throws Exception {
    var joined = Splice.join(one, other, STANDSTILL);
    one.eventLoop()
        .submit(
            () -> {
              one.pipeline().fireChannelRead(Unpooled.copiedBuffer("last words", UTF_8));
              one.pipeline().fireExceptionCaught(new java.io.IOException("reset"));
            })
        .sync();
    busy.countDown();

    assertThat(otherClient.getInputStream().readAllBytes()).asString().isEqualTo("last words");
    otherClient.close();
    Await.result(joined);
  }
}
