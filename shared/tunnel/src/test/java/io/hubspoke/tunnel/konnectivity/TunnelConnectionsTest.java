package io.hubspoke.tunnel.konnectivity;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.streams.DuplexJoin;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TunnelConnectionsTest {
  private static final FlowControl CREDITS = new FlowControl.Credits(1 << 16, 1 << 16);
  private static final FlowControl BOUNDED =
      new FlowControl.Bounded(1 << 16, Duration.ofMillis(100));
  private static final FlowControl OF_STREAM = new FlowControl.OfStream();

  private static Vertx vertx;

  private final ContextInternal dialer = context();
  private final ContextInternal acceptor = context();
  private final BlockingQueue<AcceptingEnd.IncomingDial> dials = new LinkedBlockingQueue<>();
  private TestStream[] streams;
  private DialingEnd dialing;
  private AcceptingEnd accepting;

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
  }

  private static ContextInternal context() {
    return ((VertxInternal) vertx).createEventLoopContext();
  }

  private void tunnel(FlowControl flow) {
    tunnel(flow, flow);
  }

  private void tunnel(FlowControl atDialer, FlowControl atAcceptor) {
    streams = TestStream.pair(dialer, acceptor);
    dialing = DialingEnd.over(dialer, streams[0], atDialer, "tunnel", 100);
    accepting = AcceptingEnd.over(acceptor, streams[1], atAcceptor, 100, dials::add);
  }

  private AcceptingEnd.IncomingDial dialled() throws InterruptedException {
    return dials.poll(30, TimeUnit.SECONDS);
  }

  /** Both ends of a connection. */
  private record Pair(TunnelledConnection dialed, TunnelledConnection accepted) {}

  private Pair connect() throws Exception {
    var dial = dialing.dial(context(), "node-1:10250");
    var incoming = dialled();
    assertThat(incoming.protocol()).isEqualTo("tcp");
    assertThat(incoming.address()).isEqualTo("node-1:10250");
    var accepted = Await.result(incoming.accept(context()));
    return new Pair(Await.result(dial.connected()), accepted);
  }

  /** Reads all; completes at the end of the stream. */
  private static Future<Buffer> read(TunnelledConnection from) {
    Promise<Buffer> all = Promise.promise();
    Buffer read = Buffer.buffer();
    from.handler(read::appendBuffer)
        .endHandler(v -> all.tryComplete(read))
        .exceptionHandler(all::tryFail)
        .resume();
    return all.future();
  }

  private static Buffer random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return Buffer.buffer(bytes);
  }

  private void empty() throws Exception {
    Await.until(
        "nothing is left",
        () -> dialing.size() + accepting.size() + dialing.pending() + accepting.pending() == 0);
  }

  @Test
  void creditBeyondAllMeasureIsJustMuch() throws Exception {
    tunnel(CREDITS);
    Pair pair = connect();
    acceptor.runOnContext(
        v -> streams[1].write(new Packet.Credit(pair.accepted().id(), Long.MAX_VALUE)));
    // What comes by the same way comes after it.
    acceptor.runOnContext(
        v -> streams[1].write(new Packet.Data(pair.accepted().id(), "", Buffer.buffer("granted"))));
    Promise<Buffer> toldSo = Promise.promise();
    pair.dialed().handler(toldSo::tryComplete).resume();
    assertThat(Await.result(toldSo.future())).hasToString("granted");
    Promise<Buffer> came = Promise.promise();
    pair.accepted().handler(came::tryComplete).resume();
    pair.dialed().write(Buffer.buffer("and used"));
    assertThat(Await.result(came.future())).hasToString("and used");
  }

  @Test
  void aMillionTinyPacketsForAReaderThatStopsAreKeptAsAFewBuffers() throws Exception {
    for (FlowControl flow : List.of(CREDITS, BOUNDED, OF_STREAM)) {
      tunnel(flow);
      Pair pair = connect();
      Promise<Void> full = Promise.promise();
      pair.accepted().whenWindowFull(full::tryComplete);
      Buffer sent = random(1 << 18);
      for (int i = 0; i < sent.length(); i++) {
        pair.dialed().write(sent.slice(i, i + 1));
      }
      Await.result(full.future());
      Promise<Integer> pieces = Promise.promise();
      int[] got = new int[2];
      pair.accepted()
          .handler(
              piece -> {
                pair.accepted().pause();
                got[0]++;
                got[1] += piece.length();
                if (got[1] >= 1 << 15) {
                  pieces.tryComplete(got[0]);
                } else {
                  pair.accepted().fetch(1);
                }
              })
          .fetch(1);
      assertThat(Await.result(pieces.future())).isLessThan(20);
      pair.accepted().reset();
      pair.dialed().reset();
    }
  }

  @Test
  void bytesGoBothWaysWhateverTheFlowControl() throws Exception {
    for (FlowControl flow : List.of(CREDITS, BOUNDED, OF_STREAM)) {
      tunnel(flow);
      Pair pair = connect();
      Future<Void> echoed = DuplexJoin.move(pair.accepted(), pair.accepted());
      Buffer sent = random(3_000_000);
      Buffer got = Buffer.buffer();
      Promise<Void> over = Promise.promise();
      pair.dialed().handler(got::appendBuffer).endHandler(v -> over.complete()).resume();
      for (int i = 0; i < sent.length(); i += 100_000) {
        pair.dialed().write(sent.slice(i, i + 100_000));
      }
      Await.until("all is back", () -> got.length() == sent.length());
      assertThat(got).isEqualTo(sent);
      Await.result(pair.dialed().end());
      Await.result(echoed);
      Await.result(over.future());
      Await.result(Future.all(pair.dialed().closed(), pair.accepted().closed()));
      empty();
    }
  }

  @Test
  void withCreditsAStoppedReaderHoldsBackItsOwnConnectionAlone() throws Exception {
    tunnel(CREDITS);
    Pair stopped = connect();
    Pair other = connect();
    Buffer much = random(1_000_000);
    stopped.accepted().write(much);
    Future<Buffer> read = read(other.dialed());
    other.accepted().write(much);
    other.accepted().end();
    assertThat(Await.result(read)).isEqualTo(much);
    assertThat(stopped.accepted().writeQueueFull()).isTrue();
    Future<Buffer> late = read(stopped.dialed());
    stopped.accepted().end();
    assertThat(Await.result(late)).isEqualTo(much);
  }

  @Test
  void withoutCreditsAConnectionWhoseReaderStopsIsEndedAndTheOthersGoOn() throws Exception {
    tunnel(BOUNDED, OF_STREAM);
    Pair stopped = connect();
    Pair other = connect();
    stopped.accepted().write(random(1_000_000));
    assertThat(Await.failure(stopped.dialed().closed())).hasMessage("its reader did not keep up");
    Future<Buffer> read = read(other.dialed());
    Buffer much = random(1_000_000);
    other.accepted().write(much);
    other.accepted().end();
    assertThat(Await.result(read)).isEqualTo(much);
    // It is told by a close request, as nothing else is in the protocol.
    assertThat(Await.result(read(stopped.accepted())).length()).isZero();
  }

  @Test
  void withoutCreditsAReaderThatIsSlowIsServed() throws Exception {
    tunnel(BOUNDED, OF_STREAM);
    Pair pair = connect();
    Buffer much = random(1_000_000);
    pair.accepted().write(much);
    pair.accepted().end();
    Buffer got = Buffer.buffer();
    Promise<Void> all = Promise.promise();
    pair.dialed()
        .handler(
            bytes -> {
              got.appendBuffer(bytes);
              pair.dialed().pause();
              vertx.setTimer(1, v -> pair.dialed().fetch(1));
            })
        .exceptionHandler(all::fail)
        .endHandler(v -> all.complete())
        .fetch(1);
    Await.result(all.future());
    assertThat(got).isEqualTo(much);
  }

  @Test
  void anEndThatSendsMoreThanItHasCreditForLosesTheConnection() throws Exception {
    tunnel(new FlowControl.Credits(1 << 16, 1000), OF_STREAM);
    Pair pair = connect();
    pair.accepted().write(random(1001));
    assertThat(Await.failure(pair.dialed().closed()))
        .hasMessage("the other end sent more than it had credit for");
  }

  @Test
  void aDialIsRefusedWithTheFarEndsReason() throws Exception {
    tunnel(CREDITS);
    var dial = dialing.dial(context(), "node-1:1");
    dialled().refuse("connection refused");
    assertThat(Await.failure(dial.connected()))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(TunnelDownException.class)
        .hasMessage("connection refused");
    empty();
  }

  @Test
  void aDialThatIsGivenUpLeavesNothingWheneverThatIs() throws Exception {
    tunnel(CREDITS);
    var early = dialing.dial(context(), "node-1:1");
    var seen = dialled();
    early.cancel();
    Await.result(seen.cancelled());
    assertThat(Await.failure(early.connected())).hasMessage("the dial was given up");
    assertThat(Await.failure(seen.accept(context()))).hasMessage("the dial has been cancelled");
    empty();

    // Accepted while it is being given up.
    for (int i = 0; i < 200; i++) {
      var dial = dialing.dial(context(), "node-1:1");
      var incoming = dialled();
      var accepted = incoming.accept(context());
      dial.cancel();
      var outcome = accepted.map(TunnelConnectionsTest::read).otherwiseEmpty();
      Await.result(outcome);
    }
    empty();
  }

  @Test
  void noMoreDialsWaitThanAreAllowed() throws Exception {
    tunnel(CREDITS);
    List<DialingEnd.Dial> all = new ArrayList<>();
    for (int i = 0; i < 101; i++) {
      all.add(dialing.dial(context(), "node-1:1"));
    }
    assertThat(Await.failure(all.get(100).connected()))
        .hasMessage("100 dials wait for their answer already");
    all.forEach(DialingEnd.Dial::cancel);
    empty();
  }

  @Test
  void whenTheStreamBreaksBothEndsOfEachConnectionAreTold() throws Exception {
    tunnel(CREDITS);
    Pair pair = connect();
    var waiting = dialing.dial(context(), "node-1:1");
    var incoming = dialled();
    Future<Buffer> read = read(pair.dialed());
    streams[0].fail(new IOException("cable cut"));
    assertThat(Await.failure(read)).hasMessage("cable cut");
    pair.dialed().resume();
    pair.accepted().resume();
    assertThat(Await.failure(pair.dialed().closed())).hasMessage("cable cut");
    assertThat(Await.failure(pair.accepted().closed())).hasMessage("the tunnel's stream has ended");
    assertThat(Await.failure(waiting.connected()))
        .isInstanceOf(TunnelDownException.class)
        .hasMessage("tunnel: cable cut");
    Await.result(incoming.cancelled());
    assertThat(Await.failure(dialing.dial(context(), "node-1:1").connected()))
        .isInstanceOf(TunnelDownException.class);
    empty();
  }

  @Test
  void aResetEndsBothWaysAndTheDialingEndHearsWhy() throws Exception {
    tunnel(CREDITS);
    Pair pair = connect();
    pair.accepted().fail(new IOException("no route to host")).otherwiseEmpty();
    pair.dialed().resume();
    assertThat(Await.failure(pair.dialed().closed())).hasMessage("no route to host");
    empty();
    Pair other = connect();
    other.dialed().reset();
    assertThat(Await.result(read(other.accepted())).length()).isZero();
    empty();
  }

  @Test
  void whatIsWrittenAfterTheOtherEndHasClosedHoldsNobodyUp() throws Exception {
    tunnel(CREDITS);
    Pair pair = connect();
    pair.accepted().write(random(1_000_000));
    assertThat(pair.accepted().writeQueueFull()).isTrue();
    Promise<Void> room = Promise.promise();
    pair.accepted().drainHandler(v -> room.tryComplete());
    pair.dialed().end();
    Await.result(room.future());
    assertThat(Await.failure(pair.accepted().write(random(1))))
        .hasMessage("the connection has ended");
    pair.accepted().end();
    Await.result(pair.accepted().closed());
    empty();
  }

  @Test
  void anAgentThatDrainsSaysSo() throws Exception {
    tunnel(CREDITS);
    assertThat(dialing.draining()).isFalse();
    accepting.drain();
    Await.until("draining", dialing::draining);
  }
}
