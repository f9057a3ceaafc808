package io.hubspoke.apiserver.kubeletclient;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import io.netty.channel.Channel;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.impl.Http1xClientConnection;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers of a server that closes behind them, to a reader that begins afterwards. */
class EndAfterAnswerTest {
  private static final String PIECE = "piece";

  private Vertx vertx;
  private HttpClient client;
  private ServerSocket server;

  @BeforeEach
  void start() throws Exception {
    vertx = Vertx.vertx();
    client = vertx.httpClientBuilder().withConnectHandler(EndAfterAnswer::on).build();
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
    Await.result(vertx.close());
  }

  /** A connection holds back what a reader's own queue has no room for, up to a few pieces. */
  @ParameterizedTest
  @ValueSource(ints = {1, 8, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 40})
  void anAnswerIsWholeAlthoughItsServerHasGone(int pieces) throws Exception {
    var answering = Thread.ofVirtual().start(() -> answer(pieces));
    Promise<Integer> read = Promise.promise();
    int[] bytes = {0};
    HttpClientResponse answer =
        Await.result(
            client
                .request(HttpMethod.GET, server.getLocalPort(), "127.0.0.1", "/")
                .compose(request -> request.send())
                .map(
                    paused ->
                        paused
                            .pause()
                            .handler(piece -> bytes[0] += piece.length())
                            .exceptionHandler(read::tryFail)
                            .endHandler(v -> read.tryComplete(bytes[0]))));
    Channel channel = ((Http1xClientConnection) answer.request().connection()).channel();
    // Either the end has come, or the rest waits in the socket.
    Await.until("end or full", () -> !channel.isOpen() || !channel.config().isAutoRead());
    channel.eventLoop().execute(answer::resume);

    assertThat(Await.result(read.future())).isEqualTo(pieces * PIECE.length());
    answering.join();
  }

  private void answer(int pieces) {
    try (Socket socket = server.accept()) {
      while (socket.getInputStream().read() != '\n') {
        // One line is enough to know that somebody asks.
      }
      var head = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
      var chunk = "%x\r\n%s\r\n".formatted(PIECE.length(), PIECE);
      var answer = head + chunk.repeat(pieces) + "0\r\n\r\n";
      socket.getOutputStream().write(answer.getBytes(US_ASCII));
      // A socket with unread bytes would be reset.
      socket.shutdownOutput();
      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    } catch (IOException gone) {
      // Shows at the reader.
    }
  }
}
