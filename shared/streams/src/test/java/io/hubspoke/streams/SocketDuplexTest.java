package io.hubspoke.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SocketDuplexTest {
  private final Vertx vertx = Vertx.vertx();
  private final NetClient client = vertx.createNetClient();
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
}
