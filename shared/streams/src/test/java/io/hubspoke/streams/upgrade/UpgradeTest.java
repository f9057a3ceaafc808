package io.hubspoke.streams.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A relay that passes upgrades on, between sockets of the JDK. */
final class UpgradeTest {
  private static final int MUCH = 8 << 20;
  private static final String ASK =
      Wire.message(
          "POST /exec?command=ls HTTP/1.1",
          "Host: h",
          "Connection: keep-alive, Upgrade",
          "Upgrade: SPDY/3.1");
  private static final String AGREE =
      Wire.message(
          "HTTP/1.1 101 Switching Protocols",
          "Connection: Upgrade",
          "Upgrade: SPDY/3.1",
          "X-Stream-Protocol-Version: v4");

  private final Vertx vertx = Vertx.vertx();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final AtomicInteger ended = new AtomicInteger();
  private Duration patience = Duration.ofSeconds(20);
  private ServerSocket backend;
  private Socket client;
  private Socket far;
  private HttpClient pool;
  private int port;

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable closeable : open) {
      closeable.close();
    }
    threads.shutdownNow();
    Await.result(vertx.close());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void bytesThatComeWithTheRequestAndWithTheAnswerArriveBehindThem(boolean tls) throws Exception {
    relay(tls);
    client = connect(tls);
    Wire.send(client, ASK + "early from the client;");
    far = accept();

    String asked = Wire.head(far);
    Wire.send(far, AGREE + "early from the backend;");
    String answered = Wire.head(client);
    Wire.send(client, "late from the client");
    Wire.send(far, "late from the backend");

    assertThat(asked)
        .startsWith("POST /exec?command=ls HTTP/1.1\r\n")
        .containsIgnoringCase("connection: upgrade\r\n")
        .containsIgnoringCase("upgrade: SPDY/3.1\r\n");
    assertThat(answered)
        .startsWith("HTTP/1.1 101 Switching Protocols\r\n")
        .containsIgnoringCase("x-stream-protocol-version: v4\r\n")
        .doesNotContainIgnoringCase("transfer-encoding")
        .doesNotContainIgnoringCase("content-length");
    assertThat(Wire.text(far, 42)).isEqualTo("early from the client;late from the client");
    assertThat(Wire.text(client, 44)).isEqualTo("early from the backend;late from the backend");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatTheClientSentBeforeItClosedArrivesWhole(boolean tls) throws Exception {
    relay(tls);
    upgrade(tls);
    byte[] much = random();
    concurrently(
        () -> {
          client.getOutputStream().write(much);
          client.close();
          return null;
        });

    assertThat(digest(far.getInputStream().readAllBytes())).isEqualTo(digest(much));
    far.close();
    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatTheBackendSentBeforeItClosedArrivesWhole(boolean tls) throws Exception {
    relay(tls);
    upgrade(tls);
    byte[] much = random();
    concurrently(
        () -> {
          far.getOutputStream().write(much);
          far.close();
          return null;
        });

    assertThat(digest(client.getInputStream().readAllBytes())).isEqualTo(digest(much));
    client.close();
    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void muchGoesBothWaysAtOnce(boolean tls) throws Exception {
    relay(tls);
    upgrade(tls);
    byte[] up = random();
    byte[] down = random();
    concurrently(() -> sendAll(client, up));
    concurrently(() -> sendAll(far, down));
    var received = threads.submit(() -> digest(far.getInputStream().readNBytes(MUCH)));

    assertThat(digest(client.getInputStream().readNBytes(MUCH))).isEqualTo(digest(down));
    assertThat(received.get()).isEqualTo(digest(up));
  }

  @Test
  void oneWayGoesOnWhenTheOtherHasEnded() throws Exception {
    relay(false);
    upgrade(false);

    Wire.send(client, "the whole question");
    client.shutdownOutput();
    assertThat(far.getInputStream().readAllBytes()).asString().isEqualTo("the whole question");
    Wire.send(far, "the answer");
    far.shutdownOutput();

    assertThat(client.getInputStream().readAllBytes()).asString().isEqualTo("the answer");
    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  @Test
  void whatCameBeforeTheEndOfOneWayOfTlsArrives() throws Exception {
    relay(true);
    upgrade(true);

    Wire.send(client, "the whole question");
    // OpenSSL answers the end of one way with that of the other, which the JDK leaves open.
    client.shutdownOutput();
    assertThat(far.getInputStream().readAllBytes()).asString().isEqualTo("the whole question");
    far.close();

    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aReaderThatStopsHoldsTheSenderBack(boolean tls) throws Exception {
    relay(tls);
    upgrade(tls);
    AtomicLong sent = new AtomicLong();
    byte[] piece = new byte[64 * 1024];
    concurrently(
        () -> {
          OutputStream out = far.getOutputStream();
          for (int i = 0; i < 2048; i++) {
            out.write(piece);
            sent.addAndGet(piece.length);
          }
          return null;
        });

    // Two sockets' buffers and the relay's own: the sender gets no further.
    long stuck = settled(sent);
    assertThat(stuck).isLessThan(64L << 20);

    client.getInputStream().readNBytes(32 << 20);
    Await.until("the sender goes on", () -> sent.get() > stuck);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aBackendThatIsKilledEndsTheClientsConnectionAtOnce(boolean tls) throws Exception {
    relay(tls);
    upgrade(tls);
    // In the JDK's TLS this waits for the other side's word.
    concurrently(() -> kill(far));

    assertThat(endsOf(client)).isTrue();
    client.close();
    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientThatIsKilledEndsTheBackendsConnectionAtOnce(boolean tls) throws Exception {
    relay(tls);
    upgrade(tls);
    concurrently(() -> kill(client));

    assertThat(endsOf(far)).isTrue();
    far.close();
    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  @Test
  void aRefusalComesBackWithItsStatusAndBodyAndTheConnectionStaysHttp() throws Exception {
    relay(true);
    client = connect(true);
    for (int i = 0; i < 2; i++) {
      Wire.send(client, ASK);
      if (far == null) {
        far = accept();
      }
      Wire.head(far);
      Wire.send(far, "HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\nX-Why: so\r\n\r\nForget i");

      assertThat(Wire.head(client))
          .startsWith("HTTP/1.1 403 Forbidden\r\n")
          .containsIgnoringCase("x-why: so\r\n");
      assertThat(Wire.text(client, 8)).isEqualTo("Forget i");
    }
  }

  @Test
  void whatWasSentInTheHopeOfAnUpgradeIsNotTakenForRequests() throws Exception {
    AtomicInteger requests = relay(true);
    client = connect(true);
    Wire.send(client, ASK + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    far = accept();
    Wire.head(far);
    Wire.send(far, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");

    assertThat(Wire.head(client)).startsWith("HTTP/1.1 403 Forbidden\r\n");
    assertThat(endsOf(client)).isTrue();
    assertThat(requests).hasValue(1);
  }

  @Test
  void aRequestWithABodyIsNoUpgrade() throws Exception {
    relay(true);
    client = connect(true);
    Wire.send(
        client,
        Wire.message(
                "POST /exec HTTP/1.1",
                "Host: h",
                "Connection: Upgrade",
                "Upgrade: SPDY/3.1",
                "Content-Length: 4")
            + "body");

    assertThat(Wire.head(client)).startsWith("HTTP/1.1 400 Bad Request\r\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.0|Host: h|Connection: Upgrade|Upgrade: x||",
        "GET / HTTP/1.1|Host: h|Connection: keep-alive|Upgrade: x||",
        "GET / HTTP/1.1|Host: h|Connection: Upgrades|Upgrade: x||",
        "GET / HTTP/1.1|Host: h|Connection: Upgrade|Upgrade:  ||",
        "GET / HTTP/1.1|Host: h|Connection: Upgrade, HTTP2-Settings|Upgrade: h2c||",
        "GET / HTTP/1.1|Host: h|Connection: Upgrade|Upgrade: websocket, H2C||",
        "GET / HTTP/1.1|Host: h|Connection: Upgrade|Upgrade: x|Transfer-Encoding: chunked||0||"
      })
  void whatDoesNotProperlyAskIsNotUpgraded(String request) throws Exception {
    relay(true);
    client = connect(true);
    Wire.send(client, request.replace("|", "\r\n"));

    assertThat(Wire.head(client)).contains("400 Bad Request\r\n");
  }

  @Test
  void aBackendThatSaysNothingIsGivenUp() throws Exception {
    patience = Duration.ofMillis(200);
    relay(true);
    client = connect(true);
    Wire.send(client, ASK);
    far = accept();
    Wire.head(far);

    assertThat(Wire.head(client)).startsWith("HTTP/1.1 502 Bad Gateway\r\n");
    assertThat(endsOf(far)).isTrue();
  }

  @Test
  void aBackendThatEndsInsteadOfAnsweringIsAnError() throws Exception {
    relay(true);
    client = connect(true);
    Wire.send(client, ASK);
    far = accept();
    Wire.head(far);
    far.close();

    assertThat(Wire.head(client)).startsWith("HTTP/1.1 502 Bad Gateway\r\n");
  }

  @Test
  void aBackendThatAnswersNonsenseIsAnError() throws Exception {
    relay(true);
    client = connect(true);
    Wire.send(client, ASK);
    far = accept();
    Wire.head(far);
    Wire.send(far, "\0\1\2 this is not HTTP\r\n\r\n");

    assertThat(Wire.head(client)).startsWith("HTTP/1.1 502 Bad Gateway\r\n");
  }

  @Test
  void aClientThatGoesBeforeTheAnswerTakesTheBackendsConnectionWithIt() throws Exception {
    relay(true);
    client = connect(true);
    Wire.send(client, ASK);
    far = accept();
    Wire.head(far);
    client.close();

    assertThat(endsOf(far)).isTrue();
  }

  @Test
  void aConnectionThatWasUpgradedIsNotUsedForAnotherRequest() throws Exception {
    relay(true);
    upgrade(true);
    Socket first = far;
    Socket one = client;
    upgrade(true);
    Wire.send(far, "second");
    Wire.send(first, "first");

    assertThat(Wire.text(client, 6)).isEqualTo("second");
    assertThat(Wire.text(one, 5)).isEqualTo("first");
  }

  private AtomicInteger relay(boolean tls) throws Exception {
    backend = Wire.listen(tls);
    open.add(backend);
    HttpServerOptions served = new HttpServerOptions().setHost("127.0.0.1").setPort(0);
    HttpClientOptions dialled =
        new HttpClientOptions().setDefaultHost("127.0.0.1").setDefaultPort(backend.getLocalPort());
    if (tls) {
      Tls.serve(served, Wire.KEYS, null);
      Tls.connect(dialled, null, Tls.trustAny(List.of())).setVerifyHost(false);
    }
    pool = vertx.createHttpClient(dialled);
    AtomicInteger requests = new AtomicInteger();
    HttpServer server =
        vertx
            .createHttpServer(served)
            .connectionHandler(
                connection -> {
                  connection.exceptionHandler(e -> {});
                  UpgradeServer.install(connection, served);
                })
            .requestHandler(
                http -> {
                  requests.incrementAndGet();
                  http.response().exceptionHandler(e -> {});
                  pass(http);
                });
    port = Await.result(server.listen()).actualPort();
    return requests;
  }

  private void pass(HttpServerRequest http) {
    if (!UpgradeRequest.is(http)) {
      http.response().setStatusCode(400).end();
      return;
    }
    pool.request(new RequestOptions().setMethod(http.method()).setURI(http.uri()))
        .compose(
            request -> {
              http.response().closeHandler(gone -> request.reset());
              request.putHeader("Upgrade", http.getHeader("Upgrade"));
              return UpgradeClient.upgrade(request, patience);
            })
        .compose(answer -> answer(http, answer))
        .onFailure(
            e -> {
              if (!http.response().closed() && !http.response().headWritten()) {
                http.response().setStatusCode(502).end();
              }
            });
  }

  private Future<?> answer(HttpServerRequest http, UpgradeAnswer answer) {
    return switch (answer) {
      case Upgraded far ->
          UpgradeServer.accept(http, far.headers())
              .compose(near -> Splice.join(near, far))
              .onSuccess(v -> ended.incrementAndGet());
      case UpgradeAnswer.Refused refused -> {
        http.response().setStatusCode(refused.response().statusCode());
        http.response().headers().setAll(refused.response().headers());
        yield refused.response().pipeTo(http.response());
      }
    };
  }

  private void upgrade(boolean tls) throws Exception {
    client = connect(tls);
    Wire.send(client, ASK);
    far = accept();
    Wire.head(far);
    Wire.send(far, AGREE);
    assertThat(Wire.head(client)).startsWith("HTTP/1.1 101 ");
  }

  private Socket connect(boolean tls) throws Exception {
    Socket socket = Wire.connect(tls, port);
    open.add(socket);
    return socket;
  }

  private Socket accept() throws IOException {
    Socket socket = backend.accept();
    socket.setSoTimeout(30_000);
    open.add(socket);
    return socket;
  }

  private void concurrently(Callable<?> work) {
    var unused = threads.submit(work);
  }

  private static Void sendAll(Socket socket, byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return null;
  }

  /** Ends a connection as the death of its process does: without a word of TLS. */
  private static Void kill(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    if (socket instanceof javax.net.ssl.SSLSocket) {
      // No end of TLS is sent when the connection beneath has been cut off.
      socket.shutdownOutput();
    }
    socket.close();
    return null;
  }

  private static boolean endsOf(Socket socket) throws IOException {
    try (InputStream in = socket.getInputStream()) {
      return in.read() < 0;
    } catch (SocketTimeoutException stillThere) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  private static long settled(AtomicLong counter) throws Exception {
    long[] seen = {-1, 0};
    return Await.until(
        "the sender is held back",
        counter::get,
        now -> {
          seen[1] = now == seen[0] && now > 0 ? seen[1] + 1 : 0;
          seen[0] = now;
          return seen[1] > 50;
        });
  }

  private static byte[] random() {
    byte[] bytes = new byte[MUCH];
    new Random(MUCH).nextBytes(bytes);
    return bytes;
  }

  private static String digest(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes))
        + " of "
        + bytes.length;
  }
}
