package io.hubspoke.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.upgrade.Splice;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.hubspoke.streams.upgrade.UpgradeClient;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.hubspoke.streams.upgrade.Upgraded;
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
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A relay that passes upgrades on through a dialer, between sockets of the JDK. */
class TunnelUpgradeTest {
  private static final byte[] MUCH = random(8 << 20);
  private static final ReloadableKeys KEYS = new ReloadableKeys(identity());

  private final Vertx vertx = Vertx.vertx();
  private final RelayDialer dialer = new RelayDialer(vertx);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final AtomicInteger ended = new AtomicInteger();
  private HttpClient pool;
  private Socket client;
  private Socket far;

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
  void whatTheClientSentBeforeItClosedArrivesWhole(boolean tls) throws Exception {
    upgrade(tls);
    concurrently(
        () -> {
          client.getOutputStream().write(MUCH);
          client.close();
          return null;
        });

    assertThat(far.getInputStream().readAllBytes()).isEqualTo(MUCH);
    far.close();
    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatTheBackendSentBeforeItClosedArrivesWhole(boolean tls) throws Exception {
    upgrade(tls);
    concurrently(
        () -> {
          far.getOutputStream().write(MUCH);
          far.close();
          return null;
        });

    assertThat(client.getInputStream().readAllBytes()).isEqualTo(MUCH);
    client.close();
    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  @Test
  void aWayThatEndsLeavesTheOtherOneOpen() throws Exception {
    upgrade(false);
    send(client, "the last");
    client.shutdownOutput();
    assertThat(new String(far.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
        .isEqualTo("the last");
    concurrently(
        () -> {
          far.getOutputStream().write(MUCH);
          far.close();
          return null;
        });

    assertThat(client.getInputStream().readAllBytes()).isEqualTo(MUCH);
    client.close();
    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aReaderThatStopsHoldsTheWriterBackAndGetsAllInTheEnd(boolean tls) throws Exception {
    upgrade(tls);
    AtomicLong sent = new AtomicLong();
    long all = 64L << 20;
    concurrently(
        () -> {
          for (; sent.get() < all; sent.addAndGet(1 << 20)) {
            far.getOutputStream().write(MUCH, 0, 1 << 20);
          }
          far.close();
          return null;
        });
    long[] seen = {-1, 0};
    long held =
        Await.until(
            "the sender is held back",
            sent::get,
            now -> {
              seen[1] = now == seen[0] && now > 0 ? seen[1] + 1 : 0;
              seen[0] = now;
              return seen[1] > 30;
            });

    assertThat(held).isLessThan(all / 2);
    assertThat(client.getInputStream().skip(Long.MAX_VALUE)).isEqualTo(all);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientThatIsCutOffTakesTheFarConnectionWithIt(boolean tls) throws Exception {
    upgrade(tls);
    client.setSoLinger(true, 0);
    client.close();

    assertThat(ends(far)).isTrue();
    far.close();
    Await.until("both ends are gone", () -> ended.get() == 1);
  }

  private void upgrade(boolean tls) throws Exception {
    ServerSocket backend =
        tls
            ? context()
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress())
            : new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    open.add(backend);
    HttpClientOptions dialled = new HttpClientOptions();
    if (tls) {
      Tls.connect(dialled, null, Tls.trustAny(List.of())).setVerifyHost(false);
    }
    pool = vertx.createHttpClient(dialled);
    HttpServerOptions served = new HttpServerOptions().setHost("127.0.0.1").setPort(0);
    HttpServer server =
        vertx
            .createHttpServer(served)
            .connectionHandler(
                connection -> {
                  connection.exceptionHandler(e -> {});
                  UpgradeServer.install(connection, served);
                })
            .requestHandler(http -> pass(http, backend.getLocalPort()));
    client =
        new Socket(InetAddress.getLoopbackAddress(), Await.result(server.listen()).actualPort());
    open.add(client);
    client.setSoTimeout(30_000);
    send(client, "POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
    backend.setSoTimeout(30_000);
    far = backend.accept();
    open.add(far);
    far.setSoTimeout(30_000);
    head(far);
    send(far, "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
    assertThat(head(client)).startsWith("HTTP/1.1 101 ");
    assertThat(dialer.dialled).hasSize(1);
  }

  private void pass(HttpServerRequest http, int port) {
    http.response().exceptionHandler(e -> {});
    TunnelAddress address =
        new TunnelAddress(vertx, dialer, new Target("127.0.0.1", port, "node-1"));
    pool.request(
            new RequestOptions()
                .setMethod(http.method())
                .setServer(address)
                .setHost("node-1")
                .setPort(port)
                .setURI(http.uri()))
        .compose(
            request -> {
              request.putHeader("Upgrade", http.getHeader("Upgrade"));
              return UpgradeClient.upgrade(request, Duration.ofSeconds(20));
            })
        .compose(answer -> join(http, answer))
        .onFailure(e -> http.response().setStatusCode(502).end(e.toString()));
  }

  private Future<Void> join(HttpServerRequest http, UpgradeAnswer answer) {
    return switch (answer) {
      case Upgraded upgraded ->
          UpgradeServer.accept(http, upgraded.headers())
              .compose(near -> Splice.join(near, upgraded))
              .onSuccess(v -> ended.incrementAndGet());
      case UpgradeAnswer.Refused refused -> Future.failedFuture("refused");
    };
  }

  private void concurrently(Callable<?> work) {
    var _ = threads.submit(work);
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  private static String head(Socket socket) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = socket.getInputStream().read();
      if (next < 0) {
        throw new IOException("ended within a head: " + head);
      }
      head.append((char) next);
    }
    return head.toString();
  }

  private static boolean ends(Socket socket) {
    try {
      return socket.getInputStream().read() < 0;
    } catch (java.net.SocketTimeoutException stillThere) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  private static Identity identity() {
    return CertificateAuthority.create("ca", Duration.ofDays(1))
        .issue(
            CertificateProfile.server(
                "localhost", SubjectAltNames.of(List.of("localhost")), Duration.ofDays(1)));
  }

  private static SSLContext context() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(new KeyManager[] {KEYS}, new TrustManager[] {Tls.trustAny(List.of())}, null);
    return context;
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }
}
