package io.hubspoke.lab.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.lab.Place;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ProbeTest {
  private static final String LONG = "x".repeat(500);
  private static final String HERE = "127.0.0.1";

  private static Vertx vertx;

  private final AtomicInteger connections = new AtomicInteger();

  @BeforeAll
  static void start() {
    vertx = Component.vertx();
  }

  @AfterAll
  static void close() throws Exception {
    Await.result(vertx.close());
  }

  private record Here(Vertx vertx, String address) implements Place {
    @Override
    public <T> T call(Callable<T> work) throws Exception {
      return work.call();
    }
  }

  private static Probe probe() {
    return Probe.anonymous(new Here(vertx, HERE));
  }

  /** Answers one request of each connection, and closes it when the next one comes. */
  private NetServer onceEach() throws Exception {
    var server =
        vertx
            .createNetServer()
            .connectHandler(
                socket -> {
                  var number = connections.incrementAndGet();
                  var asked = Buffer.buffer();
                  socket.handler(
                      part -> {
                        if (isWhole(asked)) {
                          socket.close();
                          return;
                        }
                        asked.appendBuffer(part);
                        if (isWhole(asked)) {
                          socket.write(
                              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d".formatted(number));
                        }
                      });
                });
    return Await.result(server.listen(0, HERE));
  }

  /** Who is answered before his body has come keeps no connection for the next request. */
  private static boolean isWhole(Buffer request) {
    var text = request.toString();
    return text.endsWith(text.startsWith("POST") ? "\r\n\r\n{}" : "\r\n\r\n");
  }

  private static String url(NetServer server) {
    return "http://%s:%d/".formatted(HERE, server.actualPort());
  }

  @Test
  void whatIsOnlyReadIsAskedAgainWhenAConnectionThatWasKeptIsGone() throws Exception {
    var server = onceEach();
    try (var probe = probe()) {
      assertThat(probe.get(url(server))).isEqualTo(new Probe.Answer(200, "1"));
      assertThat(probe.get(url(server))).isEqualTo(new Probe.Answer(200, "2"));
    } finally {
      Await.result(server.close());
    }
  }

  @Test
  void whatChangesSomethingIsSentOnce() throws Exception {
    var server = onceEach();
    try (var probe = probe()) {
      assertThat(probe.post(url(server), "{}").status()).isEqualTo(200);
      var lost = probe.post(url(server), "{}");
      assertThat(lost.status()).isZero();
      assertThat(lost.body()).startsWith("connection failed: ");
      assertThat(connections).hasValue(1);
    } finally {
      Await.result(server.close());
    }
  }

  @Test
  void aStreamIsFollowedForSomeLinesAndOpenedForNone() throws Exception {
    var server =
        Await.result(
            vertx
                .createHttpServer()
                .requestHandler(
                    request -> {
                      var response = request.response().setChunked(true);
                      response.exceptionHandler(hungUp -> {});
                      response.write("one\ntw");
                      response.write("o\nthree\nfo");
                    })
                .listen(0, HERE));
    var url = "http://%s:%d/".formatted(HERE, server.actualPort());
    try (var probe = probe()) {
      assertThat(probe.follow(url, 3, Duration.ofSeconds(20)))
          .isEqualTo(List.of("one", "two", "three"));
      assertThat(probe.follow(url, 4, Duration.ofMillis(100))).isEmpty();
      assertThat(probe.open(url)).isEqualTo(new Probe.Answer(200, ""));
    } finally {
      Await.result(server.close());
    }
  }

  @Test
  void anAnswerIsQuotedByTheBeginningOfItsFirstLine() {
    assertThat(new Probe.Answer(404, "none\nat all").brief()).isEqualTo("404 none");
    assertThat(new Probe.Answer(200, LONG).brief()).isEqualTo("200 " + LONG.substring(0, 160));
    assertThat(new Probe.Answer(204, "").brief()).isEqualTo("204 ");
  }

  @Test
  void whatWasAlteredInALongAnswerIsAmongWhatIsQuoted() {
    assertThat(new Probe.Answer(200, "first\n" + LONG + "forged" + LONG).brief("forged"))
        .isEqualTo("200 ..." + LONG.substring(0, 154) + "forged");
    assertThat(new Probe.Answer(200, "forged" + LONG).brief("forged"))
        .isEqualTo("200 forged" + LONG.substring(0, 154));
    assertThat(new Probe.Answer(502, "nothing of it").brief("forged"))
        .isEqualTo("502 nothing of it");
  }
}
