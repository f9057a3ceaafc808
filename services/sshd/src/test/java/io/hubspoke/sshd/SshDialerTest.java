package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.hubspoke.testing.KernelSockets;
import io.hubspoke.testing.TcpEndpoint;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.hubspoke.tunnel.ssh.SshDialer;
import io.netty.channel.ChannelOption;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import java.net.ConnectException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tunnel through the node's own SSH server, over real sockets. */
class SshDialerTest {
  @TempDir private static Path directory;

  private static Vertx vertx;
  private static RunningSshd sshd;
  private static SshConnector connector;
  private static SshDialer dialer;
  private static Targets targets;

  @BeforeAll
  static void start() throws Exception {
    vertx = Component.vertx();
    sshd = new RunningSshd(vertx, directory);
    connector = new SshConnector(vertx, sshd.login());
    dialer = sshd.dialer(connector);
    targets = new Targets(vertx);
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(dialer.close());
    Await.result(connector.close());
    sshd.stop();
    Await.result(vertx.close());
  }

  @AfterEach
  void nothing_is_left() throws Exception {
    Await.until("no connection to a target is left", targets.open::isEmpty);
  }

  private static Future<Duplex> dial(int port) {
    return dialer.dial(new Target("127.0.0.1", port, "node-1"));
  }

  /** Reads to the end; completes with how many bytes came. */
  private static Future<Long> drain(Duplex from) {
    Promise<Long> read = Promise.promise();
    AtomicLong sum = new AtomicLong();
    from.handler(bytes -> sum.addAndGet(bytes.length()));
    from.endHandler(v -> read.tryComplete(sum.get()));
    from.exceptionHandler(read::tryFail);
    from.resume();
    return read.future();
  }

  @Test
  void carries_bytes_both_ways_and_each_end_by_itself() throws Exception {
    Duplex echo = Await.result(dial(targets.echo()));
    StringBuilder heard = new StringBuilder();
    Promise<Void> ended = Promise.promise();
    echo.handler(bytes -> heard.append(bytes.toString()));
    echo.endHandler(v -> ended.complete());
    echo.resume();
    Await.result(echo.write(Buffer.buffer("hello ")));
    Await.result(echo.write(Buffer.buffer("world")));
    Await.result(echo.end());
    Await.result(ended.future());
    assertThat(heard).hasToString("hello world");
    Await.result(echo.closed());
  }

  @Test
  void a_target_that_answers_after_the_end_of_the_request_is_heard() throws Exception {
    int port =
        targets.listen(
            socket -> {
              Buffer all = Buffer.buffer();
              socket.handler(all::appendBuffer);
              // Vert.x ends both ways of a socket at once, so what was heard is said at the mark.
              socket.handler(
                  bytes -> {
                    all.appendBuffer(bytes);
                    if (all.toString().endsWith("!")) {
                      socket.end(Buffer.buffer("heard " + all));
                    }
                  });
            });
    Duplex to = Await.result(dial(port));
    Buffer heard = Buffer.buffer();
    Promise<Void> ended = Promise.promise();
    to.handler(heard::appendBuffer).endHandler(v -> ended.complete()).resume();
    to.write(Buffer.buffer("all!"));
    Await.result(ended.future());
    assertThat(heard).hasToString("heard all!");
    Await.result(to.end());
    Await.result(to.closed());
  }

  @Test
  void a_reset_of_the_target_comes_after_what_it_has_said() throws Exception {
    // The channel's window takes all of a megabyte; the rest waits in the server.
    byte[] said = new byte[(1 << 20) + (200 << 10)];
    new Random(4).nextBytes(said);
    try (var rude =
        new TcpEndpoint(
            socket -> {
              socket.getOutputStream().write(said);
              while (KernelSockets.unacknowledged(socket) > 0) {
                Thread.onSpinWait();
              }
              socket.setSoLinger(true, 0);
            })) {
      Duplex to = Await.result(dial(rude.port()));
      Await.until("the target has gone", () -> rude.accepted() == 1 && rude.connections() == 0);
      to.write(Buffer.buffer(new byte[16 << 20])).otherwiseEmpty();
      Buffer heard = Buffer.buffer();
      Promise<Void> ended = Promise.promise();
      to.endHandler(v -> ended.complete());
      to.exceptionHandler(ended::tryFail);
      to.handler(heard::appendBuffer);
      to.resume();
      Await.failure(ended.future());
      assertThat(heard.getBytes()).isEqualTo(said);
    }
  }

  @Test
  void a_refused_connection_says_so() throws Exception {
    int port = FreePort.at("127.0.0.1");
    assertThat(Await.failure(dial(port)))
        .isInstanceOf(ConnectException.class)
        .hasMessageContaining("127.0.0.1:" + port)
        .hasMessageContaining("refused");
  }

  @Test
  void an_address_that_is_not_the_nodes_is_prohibited() throws Exception {
    assertThat(Await.failure(dialer.dial(new Target("127.0.0.2", 80, ""))))
        .isNotInstanceOf(ConnectException.class)
        .isNotInstanceOf(TunnelDownException.class)
        .hasMessageContaining("prohibited")
        .hasMessageContaining("127.0.0.2");
  }

  @Test
  void a_reset_of_the_target_is_an_error_here() throws Exception {
    int port =
        targets.listen(
            socket -> {
              socket.write(Buffer.buffer("x"));
              socket.handler(bytes -> reset(socket));
            });
    Duplex to = Await.result(dial(port));
    Promise<Throwable> broken = Promise.promise();
    to.exceptionHandler(broken::tryComplete);
    to.endHandler(v -> broken.tryFail("ended in order"));
    to.handler(bytes -> to.write(Buffer.buffer("y")));
    to.resume();
    assertThat(Await.result(broken.future())).hasMessageContaining("reset");
  }

  private static void reset(NetSocket socket) {
    var channel = ((NetSocketInternal) socket).channelHandlerContext().channel();
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    var _ = channel.close();
  }

  @Test
  void a_reset_here_reaches_the_target() throws Exception {
    Duplex to = Await.result(dial(targets.listen(socket -> socket.exceptionHandler(e -> {}))));
    to.write(Buffer.buffer("x"));
    Await.until("the target is connected", () -> !targets.open.isEmpty());
    Await.result(to.reset());
    Await.until("the target knows", targets.open::isEmpty);
  }

  @Test
  void many_bytes_of_many_streams_arrive_whole() throws Exception {
    long bytes = 1L << 19;
    int port = targets.source(bytes);
    List<Future<Long>> streams = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      streams.add(dial(port).compose(SshDialerTest::drainAndEnd));
    }
    for (Future<Long> stream : streams) {
      assertThat(Await.result(stream)).isEqualTo(bytes);
    }
  }

  private static Future<Long> drainAndEnd(Duplex from) {
    return drain(from).compose(read -> from.end().map(read));
  }

  @Test
  void a_stopped_reader_stops_nobody_else() throws Exception {
    long bytes = 4L << 20;
    int port = targets.source(bytes);
    List<Duplex> stopped = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      stopped.add(Await.result(dial(port)));
    }
    assertThat(Await.result(dial(port).compose(SshDialerTest::drainAndEnd))).isEqualTo(bytes);
    for (Duplex late : stopped) {
      assertThat(Await.result(drainAndEnd(late))).isEqualTo(bytes);
    }
  }

  @Test
  void a_target_that_stops_reading_stops_its_writer_alone() throws Exception {
    int deaf = targets.listen(NetSocket::pause);
    Duplex writer = Await.result(dial(deaf));
    AtomicLong written = new AtomicLong();
    vertx.runOnContext(v -> fill(writer, written));
    Await.until("the writer has stopped", writer::writeQueueFull);
    long bytes = 4L << 20;
    int port = targets.source(bytes);
    assertThat(Await.result(dial(port).compose(SshDialerTest::drainAndEnd))).isEqualTo(bytes);
    // Kernel buffers, the channel's window and both queues, and no more.
    assertThat(written.get()).isLessThan(24L << 20);
    Await.result(writer.reset());
    // It sees that the other has gone only when it reads.
    targets.open.forEach(NetSocket::resume);
  }

  private static void fill(Duplex writer, AtomicLong written) {
    while (!writer.writeQueueFull() && written.get() < (64L << 20)) {
      writer.write(Targets.CHUNK).otherwiseEmpty();
      written.addAndGet(Targets.CHUNK.length());
    }
    writer.drainHandler(v -> fill(writer, written));
  }
}
