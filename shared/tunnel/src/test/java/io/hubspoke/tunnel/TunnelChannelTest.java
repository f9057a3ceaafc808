package io.hubspoke.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.socket.DuplexChannel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A TCP client's connection that is a stream of a tunnel, whose far end the test holds. */
class TunnelChannelTest {
  private static final Target TARGET = new Target("node-1", 10250, "node-1");
  private static final Buffer PIECE = Buffer.buffer(new byte[32 * 1024]);
  private static Vertx vertx;
  private static NetClient client;
  private PipeDuplex near;
  private NetSocket socket;

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
    client = vertx.createNetClient();
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void whatIsSentArrivesBothWaysAndTheTargetIsDialledAsItWasNamed() throws Exception {
    AtomicReference<Target> dialled = new AtomicReference<>();
    Dialer dialer =
        new ScriptedDialer(
            "test",
            target -> {
              dialled.set(target);
              near = new PipeDuplex(vertx);
              return Future.succeededFuture(near);
            });
    socket = Await.result(client.connect(new TunnelAddress(vertx, dialer, TARGET)));
    Received here = Received.of(socket);
    Received there = Received.of(near.far);

    Await.result(socket.write("to the node"));
    Await.result(near.far.write(Buffer.buffer("from the node")));
    Await.until("both have it", () -> here.length() == 13 && there.length() == 11);

    assertThat(dialled).hasValue(TARGET);
    assertThat(here.text()).isEqualTo("from the node");
    assertThat(there.text()).isEqualTo("to the node");
    assertThat(socket.remoteAddress().toString()).isEqualTo("node-1:10250 through test");
  }

  @Test
  void whyDiallingFailedIsHeardAsTheDialerSaidIt() throws Exception {
    TunnelDownException down = new TunnelDownException("ssh to node-1", "no route to host");
    IOException refused = new IOException("connection refused");

    assertThat(failure(target -> Future.failedFuture(down))).isSameAs(down);
    assertThat(failure(target -> Future.failedFuture(refused))).isSameAs(refused);
    assertThat(
            failure(
                target -> {
                  throw new IllegalStateException("closed");
                }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("closed");
  }

  @Test
  void aDialThatTakesTooLongIsGivenUpAndWhatItBringsLaterIsReset() throws Exception {
    Promise<Duplex> late = Promise.promise();
    NetClient hasty = vertx.createNetClient(new NetClientOptions().setConnectTimeout(50));
    Throwable failure =
        Await.failure(
            hasty.connect(
                new TunnelAddress(
                    vertx, new ScriptedDialer("test", target -> late.future()), TARGET)));
    PipeDuplex brought = new PipeDuplex(vertx);
    late.complete(brought);

    assertThat(failure)
        .isInstanceOf(ConnectTimeoutException.class)
        .hasMessage("connection timed out after 50 ms: node-1:10250 through test");
    Await.until("it is reset", () -> brought.reset);
  }

  @Test
  void aStoppedReaderHoldsTheFarEndBackAndGetsAllThatWasSentBeforeTheEnd() throws Exception {
    connect();
    Received here = new Received();
    socket.pause();
    socket.handler(here::add);
    CompletableFuture<Boolean> ended = new CompletableFuture<>();
    socket.endHandler(v -> ended.complete(true));
    AtomicLong sent = new AtomicLong();
    long all = 64L << 20;
    vertx.runOnContext(v -> pump(near.far, sent, all));

    long held = settled(sent);
    assertThat(held).isLessThan(4 << 20);
    socket.resume();

    assertThat(ended.get()).isTrue();
    assertThat(here.length()).isEqualTo(all);
  }

  @Test
  void aStoppedFarEndHoldsTheWriterBack() throws Exception {
    connect();
    AtomicLong sent = new AtomicLong();
    long all = 64L << 20;
    vertx.runOnContext(v -> pump(socket, sent, all));

    assertThat(settled(sent)).isLessThan(4 << 20);
    Received there = Received.of(near.far);
    Await.until("all has arrived", () -> there.length() == all);
  }

  @Test
  void anEndOfOneWayLeavesTheOtherOpen() throws Exception {
    connect();
    channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    Received there = new Received();
    CompletableFuture<Boolean> ended = new CompletableFuture<>();
    near.far.handler(there::add);
    near.far.endHandler(v -> ended.complete(true));
    near.far.resume();
    near.far.end();
    Await.until("the end is heard", () -> ((DuplexChannel) channel()).isInputShutdown());

    Await.result(socket.write("still here"));
    var _ = ((DuplexChannel) channel()).shutdownOutput();

    assertThat(ended.get()).isTrue();
    assertThat(there.text()).isEqualTo("still here");
  }

  @Test
  void aBreakIsHeardAfterWhatCameBeforeIt() throws Exception {
    connect();
    Received here = new Received();
    CompletableFuture<Throwable> broken = new CompletableFuture<>();
    CompletableFuture<Boolean> closed = new CompletableFuture<>();
    socket.handler(here::add);
    socket.exceptionHandler(broken::complete);
    socket.closeHandler(v -> closed.complete(true));
    for (int i = 0; i < 6; i++) {
      Await.result(near.far.write(PIECE));
    }
    near.breakOff("the agent has gone");

    assertThat(broken.get()).hasMessage("the agent has gone");
    assertThat(closed.get()).isTrue();
    assertThat(here.length()).isEqualTo(6L * PIECE.length());
  }

  @Test
  void whatWasWrittenBeforeClosingArrivesAndThenItsEnd() throws Exception {
    connect();
    for (int i = 0; i < 100; i++) {
      socket.write(PIECE);
    }
    Future<Void> closing = socket.close();
    Received there = new Received();
    CompletableFuture<Boolean> ended = new CompletableFuture<>();
    near.far.handler(there::add);
    near.far.endHandler(v -> ended.complete(true));
    near.far.resume();

    Await.result(closing);
    assertThat(ended.get()).isTrue();
    assertThat(there.length()).isEqualTo(100L * PIECE.length());
    assertThat(near.reset).isFalse();
  }

  @Test
  void whoSendsToAConnectionThatWasClosedIsReset() throws Exception {
    connect();
    Await.result(socket.close());
    assertThat(near.reset).isFalse();
    Await.result(near.far.write(PIECE));

    Await.until("it is reset", () -> near.reset);
  }

  @Test
  void closingTwiceAndWhileTheFarEndClosesIsOneClose() throws Exception {
    for (int i = 0; i < 100; i++) {
      connect();
      AtomicLong closes = new AtomicLong();
      socket.closeHandler(v -> closes.incrementAndGet());
      near.far.end();
      Future<Void> once = socket.close();
      Future<Void> twice = socket.close();
      near.far.resume();
      Await.result(Future.join(once, twice));
      Await.until("it is closed", () -> closes.get() == 1);
    }
  }

  @Test
  void pooledBuffersGoBackToTheirPoolWhetherTheyWereWrittenOrNot() throws Exception {
    connect();
    List<ByteBuf> written = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      ByteBuf buffer = PooledByteBufAllocator.DEFAULT.directBuffer(16 * 1024);
      buffer.writeZero(16 * 1024);
      written.add(buffer);
      var _ = channel().writeAndFlush(buffer);
    }
    Received there = Received.of(near.far);
    Await.until("all has arrived", () -> there.length() == 200L * 16 * 1024);
    near.far.pause();
    for (int i = 0; i < 200; i++) {
      ByteBuf buffer = PooledByteBufAllocator.DEFAULT.directBuffer(16 * 1024);
      buffer.writeZero(16 * 1024);
      written.add(buffer);
      var _ = channel().writeAndFlush(buffer);
    }
    // Past Vert.x, which closes when all is written.
    var _ = channel().pipeline().firstContext().close();

    Await.until("all are released", () -> written.stream().allMatch(b -> b.refCnt() == 0));
  }

  private void connect() throws Exception {
    Dialer dialer =
        new ScriptedDialer(
            "test",
            target -> {
              near = new PipeDuplex(vertx);
              return Future.succeededFuture(near);
            });
    socket = Await.result(client.connect(new TunnelAddress(vertx, dialer, TARGET)));
  }

  private static Throwable failure(java.util.function.Function<Target, Future<Duplex>> script)
      throws Exception {
    return Await.failure(
        client.connect(new TunnelAddress(vertx, new ScriptedDialer("test", script), TARGET)));
  }

  private Channel channel() {
    return ((NetSocketInternal) socket).channelHandlerContext().channel();
  }

  /** Writes as fast as it is taken, and then the end. */
  private static void pump(
      io.vertx.core.streams.WriteStream<Buffer> to, AtomicLong sent, long all) {
    while (sent.get() < all) {
      if (to.writeQueueFull()) {
        to.drainHandler(v -> pump(to, sent, all));
        return;
      }
      to.write(PIECE);
      sent.addAndGet(PIECE.length());
    }
    to.drainHandler(v -> {});
    to.end();
  }

  private static long settled(AtomicLong counter) throws Exception {
    long[] seen = {-1, 0};
    return Await.until(
        "the sender is held back",
        counter::get,
        now -> {
          seen[1] = now == seen[0] && now > 0 ? seen[1] + 1 : 0;
          seen[0] = now;
          return seen[1] > 20;
        });
  }
}
