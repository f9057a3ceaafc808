package io.hubspoke.streams.websocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.PortForwardServer;
import io.hubspoke.streams.SocketDuplex;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.net.http.WebSocketHandshakeException;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Port-forward over WebSocket channels and through a tunnel, with the JDK's client as the peer. */
final class WebSocketPortForwardTest {
  private final Vertx vertx = Vertx.vertx();
  // Held, as Vert.x closes clients that are garbage.
  private final NetClient tcp = vertx.createNetClient();
  private final WebSocketClient webSockets = vertx.createWebSocketClient();
  private int echo;
  private int port;

  @BeforeEach
  void listen() throws Exception {
    echo =
        Await.result(
                vertx
                    .createNetServer()
                    .connectHandler(s -> s.handler(s::write).endHandler(v -> s.close()))
                    .listen(0, "127.0.0.1"))
            .actualPort();
    var options = new HttpServerOptions();
    var server = new PortForwardServer(vertx, StreamTimeouts.DEFAULT);
    port =
        Await.result(
                vertx
                    .createHttpServer(options)
                    .connectionHandler(c -> UpgradeServer.install(c, options))
                    .requestHandler(
                        r -> {
                          if (r.path().equals("/tunnel")) {
                            WebSocketTunnel.accept(
                                    r,
                                    StreamTimeouts.DEFAULT,
                                    socket -> socket.handler(socket::write))
                                .otherwiseEmpty();
                          } else {
                            server.serve(r, "web, uid 7", this::dial).otherwiseEmpty();
                          }
                        })
                    .listen(0, "127.0.0.1"))
            .actualPort();
  }

  private Future<Duplex> dial(int to) {
    return to == 1
        ? Future.failedFuture("connection refused")
        : SocketDuplex.connect(vertx, tcp, SocketAddress.inetSocketAddress(to, "127.0.0.1"));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void eachPortHasAChannelForDataAndOneForErrorsThatBeginWithItsNumber() throws Exception {
    try (var peer = JdkPeer.connect(port, "/pf?port=" + echo + "&port=1", "v4.channel.k8s.io")) {
      peer.send(0, "hello");
      Await.until("the echo and the error", () -> peer.messages().size() == 6);
      byte[] number = {(byte) echo, (byte) (echo >> 8)};
      for (int channel = 0; channel < 4; channel++) {
        int c = channel;
        byte[] first = peer.messages().stream().filter(m -> m[0] == c).findFirst().orElseThrow();
        assertThat(Arrays.copyOfRange(first, 1, 3)).isEqualTo(c < 2 ? number : new byte[] {1, 0});
      }
      assertThat(peer.on(0)).endsWith("hello");
      assertThat(peer.on(3))
          .endsWith("error forwarding port 1 to pod web, uid 7: connection refused");
    }
  }

  @Test
  void itIsClosedWhenItsLastPortHasEnded() throws Exception {
    try (var peer = JdkPeer.connect(port, "/pf?port=1")) {
      assertThat(peer.closed()).isEqualTo(1000);
    }
  }

  @Test
  void itIsClosedWhenThePodHasSaidItsLast() throws Exception {
    int page =
        Await.result(
                vertx
                    .createNetServer()
                    .connectHandler(socket -> socket.end(Buffer.buffer("all")))
                    .listen(0, "127.0.0.1"))
            .actualPort();
    try (var peer = JdkPeer.connect(port, "/pf?port=" + page)) {
      assertThat(peer.closed()).isEqualTo(1000);
      assertThat(peer.on(0)).endsWith("all");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "port=", "port=x", "port=0", "port=65536", "port=80,,81", "port=-1"})
  void aQueryThatNamesNoPortIsABadRequest(String query) {
    assertThatThrownBy(() -> JdkPeer.connect(port, "/pf?" + query, "v4.channel.k8s.io"))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            WebSocketHandshakeException.class,
            e -> assertThat(e.getResponse().statusCode()).isEqualTo(400));
  }

  @Test
  void aTunnelIsAConnectionOfBytes() throws Exception {
    WebSocket peer =
        Await.result(
            webSockets.connect(
                new WebSocketConnectOptions()
                    .setHost("127.0.0.1")
                    .setPort(port)
                    .setURI("/tunnel")
                    .addSubProtocol(WebSocketTunnel.PORT_FORWARD)));
    AtomicInteger echoed = new AtomicInteger();
    AtomicInteger pongs = new AtomicInteger();
    peer.handler(b -> echoed.addAndGet(b.length())).pongHandler(b -> pongs.incrementAndGet());
    assertThat(peer.subProtocol()).isEqualTo("SPDY/3.1+portforward.k8s.io");
    Await.result(peer.writeBinaryMessage(Buffer.buffer(new byte[300_000])));
    Await.result(peer.writePing(Buffer.buffer("still")));
    Await.result(peer.writeBinaryMessage(Buffer.buffer("y")));
    Await.until("the echo", () -> echoed.get() == 300_001 && pongs.get() == 1);
    Await.result(peer.close());
  }
}
