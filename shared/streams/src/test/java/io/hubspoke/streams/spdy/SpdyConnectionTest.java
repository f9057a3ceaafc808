package io.hubspoke.streams.spdy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SpdyConnectionTest {
  private static Vertx vertx;
  private static final SpdyLimits LIMITS = new SpdyLimits(8, 64 << 10);
  private SpdyPair pair;

  @BeforeEach
  void listen() throws Exception {
    pair = new SpdyPair(vertx, LIMITS);
  }

  @AfterEach
  void close() throws Exception {
    pair.close();
  }

  @BeforeAll
  static void begin() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void end() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void aStreamCarriesHeadersAndBytesBothWaysAndEachWayEndsByItself() throws Exception {
    SpdyStream near = Await.result(pair.connect().open(Map.of("streamType", "data", "port", "80")));
    SpdyStream far = pair.accepted();
    assertThat(far.header("streamtype")).isEqualTo("data");
    assertThat(far.header("port")).isEqualTo("80");
    Future<String> atFar = text(far);
    Future<String> atNear = text(near);

    Await.result(near.write(Buffer.buffer("hello")));
    Await.result(near.end());
    assertThat(Await.result(atFar)).isEqualTo("hello");
    assertThat(far.closed().isComplete()).isFalse();
    Await.result(far.write(Buffer.buffer("good ")));
    Await.result(far.end(Buffer.buffer("bye")));
    assertThat(Await.result(atNear)).isEqualTo("good bye");
    Await.result(near.closed());
    Await.result(far.closed());
    assertThat(Await.failure(near.write(Buffer.buffer("more")))).hasMessageContaining("has ended");
  }

  /** As when a pipe's reader, on another event loop, is at its end before the pipe is laid. */
  @Test
  void theEndComesAfterWhatAnotherThreadWroteBefore() throws Exception {
    var connection = pair.connect();
    var near = Await.result(connection.open(Map.of()));
    var atFar = text(pair.accepted());
    connection.later(
        () -> {
          var writer = Thread.ofPlatform().start(() -> near.write(Buffer.buffer("to the end")));
          assertThatCode(writer::join).doesNotThrowAnyException();
          near.end();
        });
    assertThat(Await.result(atFar)).isEqualTo("to the end");
  }

  @Test
  void theServersEndOpensStreamsToo() throws Exception {
    Promise<SpdyStream> opened = Promise.promise();
    SpdyConnection client =
        pair.connect(
            stream -> {
              stream.accept();
              opened.complete(stream);
            });
    Await.result(client.open(Map.of("a", "b")));
    SpdyStream pushed = Await.result(pair.serverSide().open(Map.of("x", "y")));
    assertThat(pushed.id()).isEqualTo(2);
    assertThat(Await.result(opened.future()).header("x")).isEqualTo("y");
  }

  @Test
  void manyStreamsInTurnAndAtOnceKeepTheirBytesApart() throws Exception {
    SpdyConnection client = pair.connect();
    for (int round = 0; round < 100; round++) {
      List<SpdyStream> streams = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        streams.add(Await.result(client.open(Map.of("n", "" + i))));
        echo(pair.accepted());
      }
      List<Future<String>> answers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        answers.add(text(streams.get(i)));
        streams.get(i).write(Buffer.buffer("round " + round));
        streams.get(i).end(Buffer.buffer(" stream " + i));
      }
      for (int i = 0; i < 8; i++) {
        assertThat(Await.result(answers.get(i))).isEqualTo("round " + round + " stream " + i);
      }
    }
  }

  @Test
  void aReaderThatStopsCostsABoundedBufferAndTheWriterWaits() throws Exception {
    SpdyStream near = Await.result(pair.connect().open(Map.of()));
    SpdyStream far = pair.accepted();
    AtomicLong written = new AtomicLong();
    Buffer chunk = Buffer.buffer(new byte[32 << 10]);
    Runnable pump =
        () -> {
          while (!near.writeQueueFull() && written.get() < 1L << 30) {
            near.write(chunk).otherwiseEmpty();
            written.addAndGet(chunk.length());
          }
        };
    near.drainHandler(v -> pump.run());
    pump.run();

    long before;
    do { // until nothing moves any more
      before = written.get();
      Await.result(vertx.timer(300, MILLISECONDS).mapEmpty());
    } while (written.get() != before);
    // Sockets' buffers on loopback are up to some megabytes.
    assertThat(written.get()).isLessThan(32L << 20);

    AtomicLong read = new AtomicLong();
    far.handler(bytes -> read.addAndGet(bytes.length())).resume();
    Await.until("the writer goes on", read::get, bytes -> bytes >= 256L << 20);
    Await.result(near.reset());
  }

  @Test
  void aResetEndsTheOtherEndAfterWhatCameBefore() throws Exception {
    SpdyConnection client = pair.connect();
    SpdyStream near = Await.result(client.open(Map.of()));
    SpdyStream far = pair.accepted();
    near.write(Buffer.buffer("before"));
    Await.result(near.reset());
    List<String> seen = new ArrayList<>();
    Promise<Void> ended = Promise.promise();
    far.handler(bytes -> seen.add(bytes.toString()))
        .exceptionHandler(failure -> seen.add(failure.getMessage()))
        .endHandler(ended::complete)
        .resume();
    Await.result(ended.future());
    assertThat(seen).containsExactly("before", "the stream was reset: CANCEL");
    Await.result(far.closed());
    // The connection itself goes on.
    assertThat(Await.result(client.open(Map.of())).id()).isEqualTo(3);
  }

  @Test
  void aPeerThatVanishesFailsEveryStream() throws Exception {
    SpdyConnection client = pair.connect();
    SpdyStream near = Await.result(client.open(Map.of()));
    pair.accepted();
    pair.serverSide().close();
    Await.result(near.closed());
    Await.result(client.closed());
    assertThat(Await.failure(client.open(Map.of()))).hasMessageContaining("no more streams");
    assertThat(Await.failure(near.write(Buffer.buffer("x")))).isNotNull();
  }

  @Test
  void moreStreamsThanAllowedAreRefusedAndRoomIsMadeByThoseThatEnd() throws Exception {
    SpdyConnection client = pair.connect();
    List<SpdyStream> streams = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      streams.add(Await.result(client.open(Map.of())));
    }
    assertThat(Await.failure(client.open(Map.of()))).hasMessageContaining("REFUSED_STREAM");
    Await.result(streams.getFirst().reset());
    Await.result(client.open(Map.of()));
  }

  @Test
  void anIdleConnectionIsClosedAndABusyOneNot() throws Exception {
    SpdyConnection client = pair.connect();
    SpdyStream near = Await.result(client.open(Map.of()));
    echo(pair.accepted());
    pair.serverSide().closeWhenIdle(Duration.ofMillis(700));
    AtomicInteger echoes = new AtomicInteger();
    near.handler(
            bytes -> {
              if (echoes.incrementAndGet() < 20) {
                vertx.setTimer(50, id -> near.write(bytes));
              }
            })
        .resume();
    near.write(Buffer.buffer("x"));
    Await.result(near.closed());
    assertThat(echoes).hasValue(20);
    Await.result(client.closed());
  }

  @Test
  void pingsOfThePeerAreAnswered() throws Exception {
    assertThat(exchange("8003000600000004" + "00000007"))
        .startsWith("8003000600000004" + "00000007");
  }

  @Test
  void dataOfAStreamThatWasNeverOpenedIsAnsweredWithAReset() throws Exception {
    assertThat(exchange("0000000500000003" + "616263"))
        .startsWith("8003000300000008" + "00000005" + "00000002");
  }

  @Test
  void whatBreaksTheProtocolEndsTheConnection() throws Exception {
    String goAway = "8003000700000008";
    String noHeaders = ByteBufUtil.hexDump(new HeaderEncoder().encode(Map.of()));
    String length = String.format("%06x", 10 + noHeaders.length() / 2);
    String syn = "8003000100" + length + "%08x" + "00000000" + "0000" + noHeaders;
    // Another version; a stream of the wrong parity; one of number 0; headers that are no zlib;
    // headers too long; a short PING; a second stream of a number.
    for (String frames :
        List.of(
            "8002000600000004" + "00000007",
            String.format(syn, 2),
            String.format(syn, 0),
            "8003000100" + "00000c" + "00000001" + "00000000" + "0000" + "ffff",
            "8003000100" + "ffffff" + "00000001",
            "8003000600000002" + "0000",
            String.format(syn, 1) + String.format(syn, 1))) {
      SpdyPair one = new SpdyPair(vertx, LIMITS);
      Promise<String> answer = Promise.promise();
      NetSocket socket = one.connectRaw();
      collect(socket, answer);
      socket.write(Buffer.buffer(ByteBufUtil.decodeHexDump(frames)));
      assertThat(Await.result(answer.future())).as(frames).contains(goAway);
      Await.result(one.serverSide().closed());
      one.close();
    }
  }

  @Test
  void settingsWindowUpdatesAndUnknownFramesAreSkipped() throws Exception {
    String settings = "800300040000000c" + "00000001" + "0400000700010000";
    String window = "8003000900000008" + "00000001" + "00010000";
    String unknown = "8003007700000003" + "abcdef";
    String ping = "8003000600000004" + "00000009";
    assertThat(exchange(settings + window + unknown + ping)).startsWith(ping);
  }

  @Test
  void aPeerThatPingsAndNeverReadsIsNotReadAnyMore() throws Exception {
    NetSocket socket = pair.connectRaw();
    socket.pause();
    ByteBuf pings = Unpooled.buffer();
    for (int i = 0; i < 10_000; i++) {
      pings.writeInt(0x80030006).writeInt(4).writeInt(2 * i + 1);
    }
    byte[] bytes = ByteBufUtil.getBytes(pings);
    AtomicLong sent = new AtomicLong();
    AtomicBoolean stop = new AtomicBoolean();
    Runnable pump =
        () -> {
          while (!socket.writeQueueFull() && !stop.get()) {
            socket.write(Buffer.buffer(bytes)).onSuccess(v -> sent.addAndGet(bytes.length));
          }
        };
    socket.drainHandler(v -> pump.run());
    pump.run();
    long before;
    do {
      before = sent.get();
      Await.result(vertx.timer(500, MILLISECONDS).mapEmpty());
    } while (sent.get() != before);
    assertThat(sent.get()).isLessThan(64L << 20);
    // It is read again once it reads the answers.
    long stopped = sent.get();
    socket.handler(answers -> {}).resume();
    Await.until("the server goes on", sent::get, now -> now > stopped + (8 << 20));
    stop.set(true);
    Await.result(socket.close());
    Await.result(pair.serverSide().closed());
  }

  /** Sends frames to the server and returns its first answer. */
  private String exchange(String hex) throws Exception {
    NetSocket socket = pair.connectRaw();
    Promise<String> answer = Promise.promise();
    socket.handler(bytes -> answer.tryComplete(ByteBufUtil.hexDump(bytes.getBytes())));
    socket.write(Buffer.buffer(ByteBufUtil.decodeHexDump(hex)));
    return Await.result(answer.future());
  }

  private static void collect(NetSocket socket, Promise<String> whole) {
    Buffer all = Buffer.buffer();
    socket.handler(all::appendBuffer);
    socket.closeHandler(v -> whole.complete(ByteBufUtil.hexDump(all.getBytes())));
  }

  private static Future<String> text(Duplex stream) {
    Promise<String> text = Promise.promise();
    Buffer all = Buffer.buffer();
    stream
        .handler(all::appendBuffer)
        .exceptionHandler(text::tryFail)
        .endHandler(v -> text.tryComplete(all.toString(US_ASCII)))
        .resume();
    return text.future();
  }

  private static void echo(Duplex stream) {
    stream.pipeTo(stream).otherwiseEmpty();
  }
}
