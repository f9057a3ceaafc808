package io.hubspoke.streams;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SocketDuplexTest {
  @Test
  void whatWasWrittenBeforeTheEndArrivesThoughTheReaderIsSlow() throws Exception {
    Vertx vertx = Vertx.vertx();
    byte[] much = new byte[8 << 20];
    new Random(1).nextBytes(much);
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Duplex connection =
          Await.result(
              SocketDuplex.connect(
                  vertx,
                  vertx.createNetClient(),
                  SocketAddress.inetSocketAddress(server.getLocalPort(), "127.0.0.1")));
      try (Socket far = server.accept()) {
        var _ = connection.write(Buffer.buffer(much));
        Await.result(connection.end());

        assertThat(far.getInputStream().readAllBytes()).isEqualTo(much);
      }
    } finally {
      Await.result(vertx.close());
    }
  }

  @Test
  void aResetDoesNotWaitForAnEndThatReadsNoMore() throws Exception {
    Vertx vertx = Vertx.vertx();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Duplex connection =
          Await.result(
              SocketDuplex.connect(
                  vertx,
                  vertx.createNetClient(),
                  SocketAddress.inetSocketAddress(server.getLocalPort(), "127.0.0.1")));
      try (Socket far = server.accept()) {
        var written = connection.write(Buffer.buffer(new byte[16 << 20]));
        Await.result(connection.reset());

        Await.failure(written);
        assertThat(far.isConnected()).isTrue();
      }
    } finally {
      Await.result(vertx.close());
    }
  }
}
