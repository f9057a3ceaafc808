package io.hubspoke.lab.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WireTest {
  private static final String CANARY = "canary-4f1c9a7730e2";

  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  private Vertx vertx;
  private ServerSocket server;
  private Wire wire;

  @BeforeEach
  void start() throws Exception {
    vertx = Component.vertx();
    server = new ServerSocket(0, 50, LOOPBACK);
    wire =
        Await.result(
            Wire.open(
                vertx,
                SocketAddress.inetSocketAddress(0, "127.0.0.1"),
                SocketAddress.inetSocketAddress(server.getLocalPort(), "127.0.0.1")));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(wire.close());
    server.close();
    Await.result(vertx.close());
  }

  @Test
  void bytesArriveUnchangedInBothDirections() throws Exception {
    var payload = new byte[3_000_000];
    new Random(7).nextBytes(payload);
    var echo = onServer(socket -> socket.getInputStream().transferTo(socket.getOutputStream()));
    try (var client = connect()) {
      var reader = CompletableFuture.supplyAsync(() -> readAll(client));
      client.getOutputStream().write(payload);
      client.shutdownOutput();
      assertThat(reader.get(20, TimeUnit.SECONDS)).isEqualTo(payload);
    }
    echo.get(5, TimeUnit.SECONDS);
  }

  @Test
  void anEndThatClosesItsWritingSideStillReadsTheAnswer() throws Exception {
    var done =
        onServer(
            socket -> {
              var asked = socket.getInputStream().readAllBytes();
              socket.getOutputStream().write(("got " + asked.length).getBytes(UTF));
            });
    try (var client = connect()) {
      client.getOutputStream().write("question".getBytes(UTF));
      client.shutdownOutput();
      assertThat(new String(readAll(client), UTF)).isEqualTo("got 8");
    }
    done.get(5, TimeUnit.SECONDS);
  }

  @Test
  void theServerSeesTheSourceAddressOfWhoCalled() throws Exception {
    var seen = new CompletableFuture<String>();
    serve(socket -> seen.complete(socket.getInetAddress().getHostAddress()));
    try (var client = new Socket()) {
      client.bind(new InetSocketAddress(InetAddress.ofLiteral("127.10.77.3"), 0));
      client.connect(new InetSocketAddress(LOOPBACK, wire.address().port()));
      assertThat(seen.get(5, TimeUnit.SECONDS)).isEqualTo("127.10.77.3");
    }
    assertThat(Await.result(wire.crossings()))
        .singleElement()
        .satisfies(c -> assertThat(c.from()).isEqualTo("127.10.77.3"))
        .satisfies(c -> assertThat(c.toPort()).isEqualTo(wire.address().port()));
  }

  @Test
  void aTapFindsACanaryInWhateverFormItCrossesInClear() throws Exception {
    var basic =
        java.util.Base64.getEncoder().encodeToString(("user:" + CANARY + "!").getBytes(UTF));
    for (var text : new String[] {"x" + CANARY + "y", "Authorization: Basic " + basic}) {
      var recording = new Recording(1 << 20);
      Await.result(wire.mode(new Mode.Tap(recording)));
      var done = onServer(socket -> socket.getInputStream().readAllBytes());
      try (var client = connect()) {
        client.getOutputStream().write(text.getBytes(UTF));
      }
      done.get(5, TimeUnit.SECONDS);
      assertThat(recording.find(CANARY)).as(text).isPresent();
      assertThat(recording.find("canary-of-another-route")).isEmpty();
      assertThat(recording.bytesSeen()).isEqualTo(text.length());
      assertThat(recording.tlsConnections()).isZero();
    }
  }

  @Test
  void aRecordingKeepsNoMoreThanItsLimitAndSaysSo() throws Exception {
    var recording = new Recording(1000);
    Await.result(wire.mode(new Mode.Tap(recording)));
    var done = onServer(socket -> socket.getInputStream().readAllBytes());
    try (var client = connect()) {
      client.getOutputStream().write(new byte[5000]);
      client.getOutputStream().write(CANARY.getBytes(UTF));
    }
    done.get(5, TimeUnit.SECONDS);
    assertThat(recording.truncated()).isTrue();
    assertThat(recording.find(CANARY)).isEmpty();
    assertThat(recording.bytesSeen()).isEqualTo(5000 + CANARY.length());
  }

  @Test
  void aReaderThatStopsHoldsItsWriterBack() throws Exception {
    var release = new CompletableFuture<Void>();
    serve(
        socket -> {
          release.join();
          socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
        });
    var written = new AtomicLong();
    var total = 256L << 20;
    try (var client = connect()) {
      var writer =
          CompletableFuture.runAsync(
              () -> {
                var piece = new byte[1 << 16];
                try {
                  while (written.get() < total) {
                    client.getOutputStream().write(piece);
                    written.addAndGet(piece.length);
                  }
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      var last = new AtomicLong(-1);
      Await.until(
          "the writer is held back",
          () -> last.getAndSet(written.get()) == written.get() && written.get() > 0);
      // What sockets' buffers and one write queue hold, far from all.
      assertThat(written.get()).isLessThan(32L << 20);
      assertThat(writer).isNotDone();
      release.complete(null);
      writer.get(60, TimeUnit.SECONDS);
      assertThat(written.get()).isEqualTo(total);
    }
  }

  @Test
  void aRefusingCutLeavesNothingListeningUntilTheModeChanges() throws Exception {
    serve(socket -> socket.getOutputStream().write("hello".getBytes(UTF)));
    Await.result(wire.mode(new Mode.Cut(Mode.Cut.How.REFUSE)));
    assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
    Await.result(wire.mode(Mode.forward()));
    try (var client = connect()) {
      assertThat(new String(readAll(client), UTF)).isEqualTo("hello");
    }
  }

  @Test
  void aResettingCutEndsOpenConnectionsToo() throws Exception {
    serve(socket -> socket.getInputStream().readAllBytes());
    try (var client = connect()) {
      client.getOutputStream().write(1);
      Await.until("relayed", () -> Await.result(wire.open()) == 1);
      Await.result(wire.mode(new Mode.Cut(Mode.Cut.How.RESET)));
      assertThatThrownBy(() -> client.getInputStream().read())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("reset");
    }
  }

  @Test
  void aWayThatIsCutForOneCallerStaysOpenForOthers() throws Exception {
    serve(socket -> socket.getInputStream().readAllBytes());
    try (var open = connect()) {
      open.getOutputStream().write(1);
      Await.until("relayed", () -> Await.result(wire.open()) == 1);
      var other = connectFrom("127.10.77.3");
      Await.until("relayed too", () -> Await.result(wire.open()) == 2);
      Await.result(wire.cutOff(Set.of("127.0.0.1")));
      assertThatThrownBy(() -> open.getInputStream().read())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("reset");

      serve(socket -> socket.getOutputStream().write("hello".getBytes(UTF)));
      try (var cut = connect()) {
        cut.setSoTimeout(5000);
        assertThatThrownBy(() -> cut.getInputStream().read()).isInstanceOf(IOException.class);
      }
      assertThat(new String(readAll(other), UTF)).isEqualTo("hello");
    }
    assertThat(Await.result(wire.crossings()))
        .extracting(Crossing::from)
        .containsExactly("127.0.0.1", "127.10.77.3", "127.0.0.1");

    Await.result(wire.cutOff(Set.of()));
    serve(socket -> socket.getOutputStream().write("again".getBytes(UTF)));
    try (var mended = connect()) {
      assertThat(new String(readAll(mended), UTF)).isEqualTo("again");
    }
  }

  @Test
  void aDivertedCallerTalksToTheImpostorInstead() throws Exception {
    try (var impostor = new ServerSocket(0, 50, LOOPBACK)) {
      Await.result(
          wire.mode(
              new Mode.Divert(
                  SocketAddress.inetSocketAddress(impostor.getLocalPort(), "127.0.0.1"))));
      Thread.ofVirtual()
          .start(
              () -> {
                try (var socket = impostor.accept()) {
                  socket.getOutputStream().write("not me".getBytes(UTF));
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      try (var client = connect()) {
        assertThat(new String(readAll(client), UTF)).isEqualTo("not me");
      }
    }
  }

  @Test
  void aBlackHoleAnswersNothingAndEndsWithTheMode() throws Exception {
    serve(socket -> socket.getOutputStream().write(1));
    Await.result(wire.mode(new Mode.Cut(Mode.Cut.How.BLACK_HOLE)));
    try (var client = connect()) {
      client.setSoTimeout(200);
      assertThatThrownBy(() -> client.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
      Await.result(wire.mode(Mode.forward()));
      client.setSoTimeout(5000);
      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aDelayHoldsEachDirectionForItsTime() throws Exception {
    serve(
        socket -> {
          socket.getOutputStream().write(socket.getInputStream().read());
        });
    Await.result(wire.mode(new Mode.Delay(Duration.ofMillis(100))));
    try (var client = connect()) {
      var begun = System.nanoTime();
      client.getOutputStream().write(7);
      assertThat(client.getInputStream().read()).isEqualTo(7);
      assertThat(Duration.ofNanos(System.nanoTime() - begun))
          .isGreaterThanOrEqualTo(Duration.ofMillis(200));
    }
  }

  @Test
  void anUnreachableServerIsAResetForTheClient() throws Exception {
    server.close();
    try (var client = connect()) {
      client.setSoTimeout(5000);
      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(IOException.class);
    }
  }

  private static final java.nio.charset.Charset UTF = StandardCharsets.UTF_8;

  @FunctionalInterface
  private interface Conversation {
    void hold(Socket socket) throws IOException;
  }

  private void serve(Conversation conversation) {
    var unused = onServer(conversation);
  }

  private CompletableFuture<Void> onServer(Conversation conversation) {
    var done = new CompletableFuture<Void>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (var socket = server.accept()) {
                conversation.hold(socket);
                done.complete(null);
              } catch (IOException | RuntimeException e) {
                done.completeExceptionally(e);
              }
            });
    return done;
  }

  private Socket connect() throws IOException {
    return new Socket(LOOPBACK, wire.address().port());
  }

  private Socket connectFrom(String source) throws IOException {
    return new Socket(LOOPBACK, wire.address().port(), InetAddress.ofLiteral(source), 0);
  }

  private static byte[] readAll(Socket socket) {
    try (InputStream in = socket.getInputStream()) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
