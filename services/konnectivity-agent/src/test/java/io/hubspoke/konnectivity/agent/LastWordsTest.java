package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.konnectivity.server.FrontendOptions.Mode;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.KernelSockets;
import io.hubspoke.testing.TcpEndpoint;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.konnectivity.FlowControl;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What one end said before it broke, and a slow reader at the other end. */
class LastWordsTest {
  @TempDir Path folder;
  private Vertx vertx;
  private TestTunnel tunnel;
  private KonnectivityAgent agent;
  private byte[] said;

  @BeforeEach
  void begin() {
    vertx = Component.vertx();
  }

  @AfterEach
  void end() throws Exception {
    Await.result(vertx.close());
  }

  private Dialer connected(Mode mode) throws Exception {
    // By gRPC two megabytes of credit on the way take all of less; the rest waits in the agent.
    said = new byte[(mode == Mode.GRPC ? 2 * FlowControl.WINDOW : 400 << 10) + (300 << 10)];
    new Random(3).nextBytes(said);
    tunnel = TestTunnel.start(vertx, Pki.in(folder), mode);
    agent = new KonnectivityAgent(tunnel.agentOptions("agent-1"));
    Await.result(vertx.deployVerticle(agent));
    tunnel.awaitAgents(1);
    return mode == Mode.GRPC ? tunnel.dialer() : tunnel.connectDialer();
  }

  private void awaitNothingLeft() throws Exception {
    Await.until("connections of the agent", agent::connections, n -> n == 0);
    Await.until(
        "connections of the server", () -> tunnel.server().establishedConnections(), n -> n == 0);
  }

  /** Says it, so that the kernel of who reads has all of it. */
  private void say(Socket socket) throws Exception {
    socket.getOutputStream().write(said);
    Await.until("bytes under way", () -> KernelSockets.unacknowledged(socket), n -> n == 0);
  }

  private TcpEndpoint endpoint(Break how) throws Exception {
    return new TcpEndpoint(
        socket -> {
          try {
            say(socket);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
          how.apply(socket);
        });
  }

  private interface Break {
    void apply(Socket socket) throws IOException;
  }

  /** What came up to the error, and whether there was one. */
  private record Heard(Buffer bytes, Throwable error) {}

  private static Future<Heard> hear(Duplex from) {
    Promise<Heard> heard = Promise.promise();
    var bytes = Buffer.buffer();
    from.exceptionHandler(e -> heard.tryComplete(new Heard(bytes, e)));
    from.endHandler(v -> heard.tryComplete(new Heard(bytes, null)));
    from.handler(bytes::appendBuffer);
    from.resume();
    return heard.future();
  }

  private void assertLastWords(TcpEndpoint endpoint, Duplex duplex) throws Exception {
    Await.until(
        "the endpoint has gone", () -> endpoint.accepted() == 1 && endpoint.connections() == 0);
    var heard = Await.result(hear(duplex));
    assertThat(heard.bytes.getBytes()).isEqualTo(said);
    assertThat(heard.error).isNotNull();
    awaitNothingLeft();
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void an_endpoints_reset_comes_after_what_it_has_said(Mode mode) throws Exception {
    var dialer = connected(mode);
    try (var rude = endpoint(socket -> socket.setSoLinger(true, 0))) {
      var duplex = Await.result(tunnel.dial(dialer, rude.address()));
      assertLastWords(rude, duplex);
    }
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void an_endpoint_that_reads_no_more_is_heard_to_its_last_word(Mode mode) throws Exception {
    var dialer = connected(mode);
    try (var deaf =
        endpoint(
            socket -> {
              // More is on its way by then.
              assertThat(socket.getInputStream().read()).isNotNegative();
              socket.setSoLinger(true, 0);
            })) {
      var duplex = Await.result(tunnel.dial(dialer, deaf.address()));
      duplex.write(Buffer.buffer(new byte[1 << 20])).otherwiseEmpty();
      assertLastWords(deaf, duplex);
    }
  }

  @Test
  void what_a_client_said_before_it_closed_reaches_a_slow_endpoint() throws Exception {
    var dialer = connected(Mode.HTTP_CONNECT);
    var go = new CountDownLatch(1);
    var got = new AtomicReference<byte[]>();
    try (var slow =
        new TcpEndpoint(
            socket -> {
              socket.setReceiveBufferSize(1 << 16);
              go.await();
              got.set(socket.getInputStream().readAllBytes());
            })) {
      var duplex = Await.result(tunnel.dial(dialer, slow.address()));
      duplex.write(Buffer.buffer(said)).otherwiseEmpty();
      Await.result(duplex.resume().end());
      Await.result(duplex.closed());
      go.countDown();
      Await.until("what the endpoint got", () -> got.get() != null);
      assertThat(got.get()).isEqualTo(said);
      awaitNothingLeft();
    }
  }
}
