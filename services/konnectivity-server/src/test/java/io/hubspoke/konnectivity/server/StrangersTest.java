package io.hubspoke.konnectivity.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.konnectivity.server.AgentListenerOptions.TokenAuthentication;
import io.hubspoke.konnectivity.server.FrontendOptions.Mode;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Strangers;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.konnectivity.GrpcPackets;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Those who connect and do not show who they are: for how long, how many, with how much. */
class StrangersTest {
  private static final int MOST = 6;
  private static final Strangers.Limits PATIENT =
      new Strangers.Limits(MOST, Duration.ofSeconds(60));
  private static final Strangers.Limits HASTY = new Strangers.Limits(1000, Duration.ofMillis(700));

  @TempDir private Path directory;
  private final List<Socket> sockets = new ArrayList<>();
  private Vertx vertx;
  private TestPki pki;
  private KonnectivityServer server;

  @BeforeEach
  void start() throws Exception {
    vertx = Component.vertx();
    pki = new TestPki(directory);
  }

  @AfterEach
  void stop() throws Exception {
    for (var socket : sockets) {
      socket.close();
    }
    Await.result(vertx.close());
  }

  private static SocketAddress any() {
    return SocketAddress.inetSocketAddress(0, "127.0.0.1");
  }

  private KonnectivityServerOptions options(Mode mode) {
    return KonnectivityServerOptions.of(
        "server-1",
        FrontendOptions.tls(mode, any(), pki.files),
        new AgentListenerOptions(any(), pki.files));
  }

  private void serve(KonnectivityServerOptions options, Strangers.Limits limits) throws Exception {
    server = new KonnectivityServer(options, limits);
    Await.result(vertx.deployVerticle(server));
  }

  private Socket connected(String from, int port) throws IOException {
    var socket = new Socket();
    sockets.add(socket);
    socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
    socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
    return socket;
  }

  private static boolean ended(Socket socket) throws IOException {
    socket.setSoTimeout(50);
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException open) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  private void anAgentGetsIn(ReloadableKeys keys) throws Exception {
    var agent = new TestAgent(vertx, keys, pki.trust(), TestAgent.named("a"));
    agent.connect(server.agentPort());
    Await.until("the agent is known", server::connectedAgents, n -> n == 1);
  }

  /** What makes TLS connections with a client's certificate and offers HTTP/2. */
  private NetClient tls(boolean h2) {
    var options = new NetClientOptions().setHostnameVerificationAlgorithm("HTTPS");
    if (h2) {
      options.setUseAlpn(true).setApplicationLayerProtocols(List.of("h2"));
    }
    return vertx.createNetClient(Tls.connect(options, pki.client(), pki.trust()));
  }

  /** Completes when the other end has closed it. */
  private static Promise<Void> closed(NetSocket socket) {
    Promise<Void> closed = Promise.promise();
    socket.exceptionHandler(e -> {});
    socket.handler(bytes -> {});
    socket.closeHandler(v -> closed.tryComplete());
    return closed;
  }

  @Test
  void who_is_slow_in_saying_anything_is_let_go() throws Exception {
    serve(options(Mode.HTTP_CONNECT), HASTY);
    anAgentGetsIn(pki.client());
    var clear =
        List.of(
            connected("127.0.0.1", server.agentPort()),
            connected("127.0.0.1", server.serverPort()));
    var silent = tls(true);
    var ends = new ArrayList<Promise<Void>>();
    // TLS and no more; half of HTTP/2's preface; calls that come by HTTP/1.1.
    ends.add(closed(Await.result(silent.connect(server.agentPort(), "127.0.0.1"))));
    var half = Await.result(silent.connect(server.agentPort(), "127.0.0.1"));
    half.write("PRI * HTTP/2.0\r\n").otherwiseEmpty();
    ends.add(closed(half));
    var slow = tls(false);
    var agent = Await.result(slow.connect(server.agentPort(), "127.0.0.1"));
    ends.add(closed(agent));
    var head = Await.result(slow.connect(server.serverPort(), "127.0.0.1"));
    ends.add(closed(head));
    for (var socket : List.of(agent, head)) {
      vertx.setPeriodic(20, t -> socket.write("x-slow: loris\r\n").otherwiseEmpty());
    }
    for (var end : ends) {
      Await.result(end.future());
    }
    for (var socket : clear) {
      Await.until("it is let go", () -> ended(socket));
    }
    assertThat(server.strangers()).isZero();
    assertThat(server.connectedAgents()).isEqualTo(1);
  }

  @Test
  void a_client_that_calls_nothing_is_let_go() throws Exception {
    serve(options(Mode.GRPC), HASTY);
    anAgentGetsIn(pki.client());
    var silent = closed(Await.result(tls(true).connect(server.serverPort(), "127.0.0.1")));
    Await.result(silent.future());
    assertThat(server.strangers()).isZero();
    assertThat(server.connectedAgents()).isEqualTo(1);
  }

  @Test
  void who_calls_nothing_at_a_unix_socket_is_let_go_and_who_has_called_may_be_silent()
      throws Exception {
    var path = directory.resolve("k.sock");
    serve(
        KonnectivityServerOptions.of(
            "server-1",
            FrontendOptions.unix(Mode.GRPC, path),
            new AgentListenerOptions(any(), pki.files)),
        HASTY);
    Promise<Void> over = Promise.promise();
    var called = new CompletableFuture<GrpcPackets>();
    vertx.runOnContext(
        v ->
            h2c()
                .request(
                    new RequestOptions()
                        .setServer(SocketAddress.domainSocketAddress(path.toString()))
                        .setHost("localhost"))
                .map(request -> GrpcPackets.call(request, GrpcPackets.PROXY))
                .onSuccess(
                    call -> {
                      call.exceptionHandler(over::tryFail).endHandler(end -> over.tryComplete());
                      called.complete(call.resume());
                    }));
    called.get(20, TimeUnit.SECONDS);
    var at = UnixDomainSocketAddress.of(path);
    try (var silent = SocketChannel.open(at);
        var half = SocketChannel.open(at);
        var mute = SocketChannel.open(at)) {
      half.write(ByteBuffer.wrap("PRI * HTTP/2.0\r\n".getBytes(US_ASCII)));
      mute.write(
          ByteBuffer.wrap("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(US_ASCII)));
      for (var one : List.of(silent, half, mute)) {
        one.configureBlocking(false);
        Await.until("it is let go", () -> one.read(ByteBuffer.allocate(1024)), n -> n < 0);
      }
    }
    assertThat(server.strangers()).isZero();
    assertThat(over.future().isComplete()).isFalse();
  }

  private HttpClient h2c() {
    return vertx.createHttpClient(
        new HttpClientOptions()
            .setProtocolVersion(HttpVersion.HTTP_2)
            .setHttp2ClearTextUpgrade(false));
  }

  @Test
  void many_of_one_address_keep_out_neither_those_of_others_nor_who_shows_who_it_is()
      throws Exception {
    serve(options(Mode.GRPC), PATIENT);
    var other = connected("127.0.0.2", server.agentPort());
    Await.until("strangers", server::strangers, n -> n == 1);
    var many = new ArrayList<Socket>();
    for (var i = 0; i < 5 * MOST; i++) {
      many.add(connected("127.0.0.3", server.agentPort()));
    }
    Await.until(
        "most of many are let go",
        () -> {
          var open = 0;
          for (var one : many) {
            open += ended(one) ? 0 : 1;
          }
          return open;
        },
        open -> open == MOST - 1);
    assertThat(ended(other)).isFalse();
    anAgentGetsIn(pki.client());
    assertThat(ended(other)).isFalse();
  }

  @Test
  void agents_that_have_shown_who_they_are_are_counted_no_more() throws Exception {
    serve(options(Mode.GRPC), PATIENT);
    for (var i = 0; i < 2 * MOST; i++) {
      new TestAgent(vertx, pki.client(), pki.trust(), TestAgent.named("agent-" + i))
          .connect(server.agentPort());
    }
    Await.until("agents", server::connectedAgents, n -> n == 2 * MOST);
    assertThat(server.strangers()).isZero();
  }

  /** An apiserver that judges tokens when it is told to. */
  private final BlockingQueue<HttpServerRequest> reviews = new LinkedBlockingQueue<>();

  private HttpServer apiserver() throws Exception {
    var options = new HttpServerOptions().setHost("127.0.0.1").setPort(0);
    var keys = new ReloadableKeys(Identity.read(pki.files.cert(), pki.files.key()));
    return Await.result(
        vertx
            .createHttpServer(Tls.serve(options, keys, null))
            .requestHandler(request -> request.bodyHandler(body -> reviews.add(request)))
            .listen());
  }

  private void serveTokens() throws Exception {
    var apiserver = apiserver();
    serve(
        new KonnectivityServerOptions(
            "server-1",
            1,
            List.of(ProxyStrategy.DEFAULT),
            FrontendOptions.tls(Mode.GRPC, any(), pki.files),
            new AgentListenerOptions(
                    any(), new ServingFiles(pki.files.cert(), pki.files.key(), null))
                .withTokens(new TokenAuthentication("kube-system", "agent", Metadata.AUDIENCE)),
            Optional.of(
                ClientConfig.of(
                    "https://127.0.0.1:" + apiserver.actualPort(),
                    List.of(pki.authority.certificate()),
                    new Credentials.None())),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Duration.ZERO),
        PATIENT);
  }

  @Test
  void hardly_anything_is_read_of_an_agent_whose_token_is_still_being_judged() throws Exception {
    serveTokens();
    var client =
        vertx.createHttpClient(
            Tls.connect(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setUseAlpn(true),
                null,
                pki.trust()));
    var taken = new AtomicLong();
    var refused = new CopyOnWriteArrayList<String>();
    Promise<Void> first = Promise.promise();
    for (var i = 0; i < 8; i++) {
      vertx.runOnContext(
          v ->
              client
                  .request(HttpMethod.POST, server.agentPort(), "127.0.0.1", GrpcPackets.CONNECT)
                  .onSuccess(
                      request -> {
                        flood(request, taken);
                        request
                            .response()
                            .onSuccess(
                                answer -> {
                                  if (answer.getHeader("grpc-status") != null) {
                                    refused.add(answer.getHeader("grpc-message"));
                                  } else {
                                    first.tryComplete();
                                  }
                                });
                      }));
    }
    var review = reviews.poll(20, TimeUnit.SECONDS);
    assertThat(review).isNotNull();
    // One call is judged; others of the same connection don't have the apiserver asked.
    Await.until("calls are refused", refused::size, n -> n == 7);
    assertThat(refused).allMatch(why -> why.contains("another call of this connection"));
    assertThat(reviews).isEmpty();
    // HTTP/2's first window of a connection, and what a write is counted by.
    assertThat(taken.get()).isLessThanOrEqualTo(2 << 16);
    review
        .response()
        .setStatusCode(201)
        .putHeader("Content-Type", "application/json")
        .end(
            """
            {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","status":{
             "authenticated":true,"audiences":["%s"],
             "user":{"username":"system:serviceaccount:kube-system:agent"}}}
            """
                .formatted(Metadata.AUDIENCE))
        .otherwiseEmpty();
    Await.result(first.future());
    Await.until("bytes that are taken", taken::get, n -> n > 8 << 20);
    // Held until now: Vert.x closes clients that nobody holds.
    Await.result(client.close());
  }

  /** Sends packets that say nothing, as fast as they are taken. */
  private static void flood(HttpClientRequest request, AtomicLong taken) {
    // An unknown type of packet, and 64 KiB of a field that nobody knows.
    var packet = Buffer.buffer().appendByte((byte) 0).appendInt((1 << 16) + 7);
    packet.appendBytes(new byte[] {8, 77, (byte) 0xfa, 1, (byte) 0x80, (byte) 0x80, 4});
    packet.appendBytes(new byte[1 << 16]);
    request
        .setChunked(true)
        .putHeader("content-type", "application/grpc")
        .putHeader("te", "trailers")
        .putHeader(Metadata.AGENT_ID, "flooding")
        .putHeader(Metadata.AUTHORIZATION, "Bearer whatever");
    request.exceptionHandler(e -> {});
    for (var i = 0; i < 256; i++) {
      request.write(packet).onSuccess(written -> taken.addAndGet(packet.length()));
    }
  }

  @Test
  void servers_that_take_anybody_say_so() throws Exception {
    var log = (Logger) LoggerFactory.getLogger(KonnectivityServer.class);
    var told = new ListAppender<ILoggingEvent>();
    told.list = new CopyOnWriteArrayList<>();
    told.start();
    log.addAppender(told);
    try {
      serve(options(Mode.GRPC), PATIENT);
      assertThat(told.list).noneMatch(event -> event.getFormattedMessage().contains("whoever"));
      var open = new ServingFiles(pki.files.cert(), pki.files.key(), null);
      serve(
          KonnectivityServerOptions.of(
              "server-2",
              FrontendOptions.tls(Mode.GRPC, any(), open),
              new AgentListenerOptions(any(), open)),
          PATIENT);
      assertThat(told.list)
          .filteredOn(event -> event.getLevel().toString().equals("WARN"))
          .extracting(ILoggingEvent::getFormattedMessage)
          .anyMatch(line -> line.startsWith("--cluster-ca-cert and --agent-service-account"))
          .anyMatch(line -> line.startsWith("--server-ca-cert is not given: whoever reaches"));
    } finally {
      log.detachAppender(told);
    }
  }

  @Test
  void a_server_that_stops_leaves_its_successors_socket_alone() throws Exception {
    var socket = directory.resolve("k.sock");
    var options =
        KonnectivityServerOptions.of(
            "server-1",
            FrontendOptions.unix(Mode.GRPC, socket),
            new AgentListenerOptions(any(), pki.files));
    var first = Await.result(vertx.deployVerticle(new KonnectivityServer(options)));
    var second = Await.result(vertx.deployVerticle(new KonnectivityServer(options)));
    Await.result(vertx.undeploy(first));
    assertThat(socket).exists();
    Await.result(vertx.undeploy(second));
    assertThat(socket).doesNotExist();
  }
}
