package io.hubspoke.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.sun.management.ThreadMXBean;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.KernelSockets;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SocketDuplexTest {
  private final Vertx vertx = Vertx.vertx();
  private final NetClient client =
      vertx.createNetClient(new NetClientOptions().setReceiveBufferSize(1 << 20));
  private final ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
  private ServerSocket server;
  private Duplex connection;

  @BeforeEach
  void connect() throws Exception {
    server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    connection =
        Await.result(
            SocketDuplex.connect(
                context,
                client,
                SocketAddress.inetSocketAddress(server.getLocalPort(), "127.0.0.1")));
  }

  @AfterEach
  void close() throws Exception {
    server.close();
    Await.result(vertx.close());
  }

  @Test
  void whatWasWrittenBeforeTheEndArrivesThoughTheReaderIsSlow() throws Exception {
    byte[] much = new byte[8 << 20];
    new Random(1).nextBytes(much);
    try (Socket far = server.accept()) {
      var _ = connection.write(Buffer.buffer(much));
      Await.result(connection.end());

      assertThat(far.getInputStream().readAllBytes()).isEqualTo(much);
    }
  }

  @Test
  void theEndComesAfterWhatAnotherThreadWroteBefore() throws Exception {
    try (Socket far = server.accept()) {
      context
          .nettyEventLoop()
          .execute(
              () -> {
                var writer =
                    Thread.ofPlatform().start(() -> connection.write(Buffer.buffer("all of it")));
                assertThatCode(writer::join).doesNotThrowAnyException();
                connection.end();
              });

      assertThat(far.getInputStream().readAllBytes()).asString().isEqualTo("all of it");
    }
  }

  @Test
  void aResetDoesNotWaitForAnEndThatReadsNoMore() throws Exception {
    try (Socket far = server.accept()) {
      var written = connection.write(Buffer.buffer(new byte[16 << 20]));
      Await.result(connection.reset());

      Await.failure(written);
      assertThat(far.isConnected()).isTrue();
    }
  }

  /** What has come of one end, in its order. */
  private static final class Heard {
    private final Buffer bytes = Buffer.buffer();
    private final List<String> events = new CopyOnWriteArrayList<>();

    Heard(Duplex connection) {
      connection.handler(bytes::appendBuffer);
      connection.endHandler(v -> events.add("end after " + bytes.length()));
      connection.exceptionHandler(e -> events.add("error after " + bytes.length()));
      connection
          .closed()
          .onComplete((v, e) -> events.add(e == null ? "closed" : "closed by an error"));
    }

    List<String> all(int count) throws Exception {
      return Await.until("events", () -> events, seen -> seen.size() >= count);
    }
  }

  /** More than a duplex reads ahead for a reader that has stopped. */
  private static byte[] much() {
    byte[] much = new byte[Pipe.CAPACITY + (150 << 10)];
    new Random(2).nextBytes(much);
    return much;
  }

  /** Sends all of it into the kernel's memory at the other end. */
  private static void send(Socket far, byte[] bytes) throws Exception {
    far.getOutputStream().write(bytes);
    Await.until("bytes under way", () -> KernelSockets.unacknowledged(far), n -> n == 0);
  }

  private static void reset(Socket far) throws Exception {
    far.setSoLinger(true, 0);
    far.close();
  }

  @Test
  void whatCameBeforeAResetIsReadBeforeItIsTold() throws Exception {
    byte[] much = much();
    var heard = new Heard(connection);
    try (Socket far = server.accept()) {
      send(far, much);
      reset(far);
    }
    connection.resume();

    assertThat(heard.all(2)).containsExactly("error after " + much.length, "closed by an error");
    assertThat(heard.bytes.getBytes()).isEqualTo(much);
  }

  @Test
  void whatCameBeforeAWriteFailedIsReadBeforeItIsTold() throws Exception {
    byte[] much = much();
    var heard = new Heard(connection);
    try (Socket far = server.accept()) {
      send(far, much);
      reset(far);
    }
    Await.failure(connection.write(Buffer.buffer("?")));
    assertThat(heard.events).isEmpty();
    connection.resume();

    assertThat(heard.all(2)).containsExactly("error after " + much.length, "closed by an error");
    assertThat(heard.bytes.getBytes()).isEqualTo(much);
  }

  @Test
  void anEndBeforeAWriteFailedStaysAnEnd() throws Exception {
    byte[] much = much();
    var heard = new Heard(connection);
    try (Socket far = server.accept()) {
      send(far, much);
    }
    Await.until("writes", () -> connection.write(Buffer.buffer("?")), written -> written.failed());
    connection.resume();

    assertThat(heard.all(2)).containsExactly("end after " + much.length, "closed by an error");
    assertThat(heard.bytes.getBytes()).isEqualTo(much);
  }

  @Test
  void aReaderThatStandsStillAfterAWriteFailedCostsNothing() throws Exception {
    var heard = new Heard(connection);
    try (Socket far = server.accept()) {
      send(far, much());
      var written = connection.write(Buffer.buffer(new byte[16 << 20]));
      reset(far);
      Await.failure(written);
    }
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    var loop = new CompletableFuture<Long>();
    context.nettyEventLoop().execute(() -> loop.complete(Thread.currentThread().threadId()));
    long id = loop.get();
    var before = new AtomicLong();
    var rests = new AtomicInteger();
    Await.until(
        "looks in a row at which the event loop has not worked",
        () -> {
          long used = threads.getThreadCpuTime(id);
          return used == before.getAndSet(used)
              ? rests.incrementAndGet()
              : rests.updateAndGet(n -> 0);
        },
        n -> n == 20);
    assertThat(heard.events).isEmpty();
  }

  @Test
  void anOwnResetIsNoFailure() throws Exception {
    try (Socket far = server.accept()) {
      send(far, much());
      var _ = connection.write(Buffer.buffer(new byte[16 << 20]));
      Await.result(connection.reset());
      assertThat(KernelSockets.unacknowledged(far)).isZero();
    }
  }
}
