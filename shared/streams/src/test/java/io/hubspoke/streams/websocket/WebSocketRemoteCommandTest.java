package io.hubspoke.streams.websocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.api.Json;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandClient;
import io.hubspoke.streams.RemoteCommandServer;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.StreamTransport;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.streams.TestProcess;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.WebSocketHandshakeException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Exec and attach over WebSocket, with the JDK's client and our own as peers. */
final class WebSocketRemoteCommandTest {
  private static final RemoteCommand ALL = new RemoteCommand(true, true, true, false);
  private static final RemoteCommand TERMINAL = new RemoteCommand(true, true, false, true);

  private final Vertx vertx = Vertx.vertx();
  private final TestProcess process = new TestProcess(vertx);
  private Supplier<Future<RemoteProcess>> start = () -> Future.succeededFuture(process);
  private RemoteCommand command = ALL;
  private HttpClient http;
  private int port;

  @BeforeEach
  void listen() throws Exception {
    var options = new HttpServerOptions();
    var exec = new RemoteCommandServer(vertx, StreamTimeouts.DEFAULT);
    port =
        Await.result(
                vertx
                    .createHttpServer(options)
                    .connectionHandler(c -> UpgradeServer.install(c, options))
                    .requestHandler(request -> serve(exec, request))
                    .listen(0, "127.0.0.1"))
            .actualPort();
    http = vertx.createHttpClient();
  }

  private void serve(RemoteCommandServer exec, HttpServerRequest request) {
    if (request.path().equals("/forbidden")) {
      request
          .response()
          .setStatusCode(403)
          .end(
              "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"not you\",\"code\":403}");
    } else {
      exec.serve(request, command, () -> start.get()).otherwiseEmpty();
    }
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void stdinStdoutAndTheEndOfStdinTravelOverV5() throws Exception {
    process.cat(0);
    try (var peer = JdkPeer.connect(port, "/exec", "v5.channel.k8s.io", "v4.channel.k8s.io")) {
      assertThat(peer.subprotocol()).isEqualTo("v5.channel.k8s.io");
      peer.send(0, "hello, ");
      peer.send(0, "world");
      peer.send((byte) 255, (byte) 0);

      assertThat(peer.closed()).isEqualTo(1000);
      assertThat(peer.messages().getFirst()).containsExactly(1);
      assertThat(peer.on(1)).isEqualTo("hello, world");
      assertThat(peer.on(3)).isEqualTo("{\"metadata\":{},\"status\":\"Success\"}");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"v5.channel.k8s.io", "v4.channel.k8s.io"})
  void exitCodesAreCausesOfAStatusFromVersion4On(String protocol) throws Exception {
    try (var peer = JdkPeer.connect(port, "/exec", protocol)) {
      process.errors().write(Buffer.buffer("no such file"));
      process.exit(3);
      assertThat(peer.closed()).isEqualTo(1000);
      assertThat(peer.on(2)).isEqualTo("no such file");
      var status = Json.parseObject(peer.on(3).getBytes(StandardCharsets.UTF_8));
      assertThat(status.path("reason").asText()).isEqualTo("NonZeroExitCode");
      assertThat(status.at("/details/causes/0/reason").asText()).isEqualTo("ExitCode");
      assertThat(status.at("/details/causes/0/message").asText()).isEqualTo("3");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"channel.k8s.io", ""})
  void olderClientsReadASentence(String protocol) throws Exception {
    String[] offered = protocol.isEmpty() ? new String[0] : new String[] {protocol};
    try (var peer = JdkPeer.connect(port, "/exec", offered)) {
      assertThat(peer.subprotocol()).isEqualTo(protocol);
      process.exit(3);
      assertThat(peer.closed()).isEqualTo(1000);
      assertThat(peer.on(3)).isEqualTo("command terminated with non-zero exit code: exit code 3");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"v4.base64.channel.k8s.io", "base64.channel.k8s.io"})
  void base64IsTextWithAPrintableChannel(String protocol) throws Exception {
    process.cat(0);
    try (var peer = JdkPeer.connect(port, "/exec", protocol)) {
      String text = "a line with ünicode\n";
      peer.sendText(
          "0" + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
      Await.until("the echo", () -> !peer.on('1').isEmpty());
      assertThat(new String(Base64.getDecoder().decode(peer.on('1')), StandardCharsets.UTF_8))
          .isEqualTo(text);
      peer.sendText("0not base64!");
      assertThat(peer.closed()).isEqualTo(1007);
    }
    Await.until("the process let go", process::isClosed);
  }

  @Test
  void aClientThatOffersNothingThatFitsIsRefused() {
    assertThatThrownBy(() -> JdkPeer.connect(port, "/exec", "v9.channel.k8s.io"))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            WebSocketHandshakeException.class,
            e -> assertThat(e.getResponse().statusCode()).isEqualTo(403));
  }

  @Test
  void sizesOfTheTerminalArriveWhereverTheyAreCut() throws Exception {
    command = TERMINAL;
    try (var peer = JdkPeer.connect(port, "/exec", "v4.channel.k8s.io")) {
      peer.send(4, "{\"Width\":80,\"Height\":24}");
      peer.send(4, "{\"Height\":50,");
      peer.send(4, "\"Width\":132}{\"Width\":1,\"Height\":2}");
      Await.until("the sizes", () -> process.sizes().size() == 3);
      assertThat(process.sizes())
          .containsExactly(
              new TerminalSize(80, 24), new TerminalSize(132, 50), new TerminalSize(1, 2));
      process.exit(0);
      assertThat(peer.closed()).isEqualTo(1000);
    }
  }

  @Test
  void aMessageInFragmentsWithAPingBetweenIsOne() throws Exception {
    process.cat(0);
    try (var peer = JdkPeer.connect(port, "/exec", "v5.channel.k8s.io")) {
      peer.sendPart(false, (byte) 0);
      peer.sendPart(false, (byte) 'a');
      peer.ping("are you there");
      peer.sendPart(false, new byte[0]);
      peer.sendPart(true, (byte) 'b');
      peer.sendPart(false, (byte) 255);
      peer.sendPart(true, (byte) 0);
      assertThat(peer.closed()).isEqualTo(1000);
      assertThat(peer.on(1)).isEqualTo("ab");
      assertThat(peer.pongs()).containsExactly("are you there");
    }
  }

  @Test
  void whatCannotStartIsAnInternalErrorOnTheErrorChannel() throws Exception {
    start = () -> Future.failedFuture("no such container");
    try (var peer = JdkPeer.connect(port, "/exec", "v4.channel.k8s.io")) {
      assertThat(peer.closed()).isEqualTo(1000);
      var status = Json.parseObject(peer.on(3).getBytes(StandardCharsets.UTF_8));
      assertThat(status.path("code").asInt()).isEqualTo(500);
      assertThat(status.path("message").asText())
          .isEqualTo(
              "Internal error occurred: error executing command in container: no such container");
    }
  }

  @Test
  void aProcessIsLetGoWhenItsClientGoes() throws Exception {
    try (var peer = JdkPeer.connect(port, "/exec", "v5.channel.k8s.io")) {
      Await.until("the first message", () -> !peer.messages().isEmpty());
      peer.abort();
    }
    Await.until("the process let go", process::isClosed);
  }

  @Test
  void anOutputThatNobodyReadsCostsABoundedBuffer() throws Exception {
    try (var client = upgrade("v5.channel.k8s.io")) {
      process.writes(64 << 20);
      long stopped = steady(process::written);
      assertThat(stopped).isLessThan(24 << 20);

      InputStream in = client.getInputStream();
      byte[] buffer = new byte[1 << 16];
      long read = 0;
      while (read < 64 << 20) {
        int count = in.read(buffer);
        assertThat(count).isPositive();
        read += count;
      }
    }
  }

  @Test
  void anInputThatNobodyReadsHoldsTheClientBack() throws Exception {
    try (var client = upgrade("v5.channel.k8s.io")) {
      client.setSoTimeout(1000);
      OutputStream out = client.getOutputStream();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  // One frame of 2^40 bytes: its payload is passed on as it comes.
                  out.write(new byte[] {(byte) 0x82, (byte) 0xff, 0, 0, 1, 0, 0, 0, 0, 0});
                  out.write(new byte[4]);
                  byte[] block = new byte[1 << 16];
                  while (true) {
                    out.write(block);
                    sent.addAndGet(block.length);
                  }
                } catch (java.io.IOException ended) {
                  // As it will.
                }
              });
      long stopped = steady(sent::get);
      assertThat(stopped).isPositive().isLessThan(24 << 20);
      AtomicLong read = new AtomicLong();
      process.input().handler(b -> read.addAndGet(b.length()));
      process.input().resume();
      Await.until("the rest", () -> read.get() > 64 << 20);
    }
    Await.until("the process let go", process::isClosed);
  }

  private final AtomicLong sent = new AtomicLong();

  @Test
  void ourClientMovesBytesBothWaysAndReadsTheExitCode() throws Exception {
    process.cat(7);
    RemoteProcess remote = Await.result(client().start(to("/exec"), ALL));
    byte[] data = new byte[8 << 20];
    new Random(1).nextBytes(data);
    Buffer got = Buffer.buffer();
    remote.stdout().handler(got::appendBuffer);
    remote.stdout().resume();
    remote.stderr().resume();
    for (int at = 0; at < data.length; at += 100_000) {
      int end = Math.min(data.length, at + 100_000);
      Await.result(remote.stdin().write(Buffer.buffer(Arrays.copyOfRange(data, at, end))));
    }
    Await.result(remote.stdin().end());
    assertThat(Await.result(remote.exited())).isEqualTo(7);
    assertThat(got.getBytes()).isEqualTo(data);
  }

  @Test
  void ourClientSaysWhyItWasRefusedAndWhyAProcessFailed() throws Exception {
    assertThat(Await.failure(client().start(to("/forbidden"), ALL))).hasMessage("not you");
    RemoteProcess remote = Await.result(client().start(to("/exec"), ALL));
    process.fail("it was killed");
    assertThat(Await.failure(remote.exited()))
        .hasMessage("Internal error occurred: error executing command in container: it was killed");
  }

  @Test
  void ourClientHearsOfAConnectionThatBreaks() throws Exception {
    RemoteProcess remote = Await.result(client().start(to("/exec"), TERMINAL));
    remote.resize(new TerminalSize(99, 11));
    http.close();
    assertThat(Await.failure(remote.exited())).hasMessageContaining("1006");
    Await.until("the process let go", process::isClosed);
  }

  private RemoteCommandClient client() {
    return new RemoteCommandClient(vertx, http, StreamTransport.WEBSOCKET);
  }

  private RequestOptions to(String path) {
    return new RequestOptions().setHost("127.0.0.1").setPort(port).setURI(path);
  }

  private Socket upgrade(String protocol) throws Exception {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket
        .getOutputStream()
        .write(
            ("GET /exec HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: "
                    + protocol
                    + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) socket.getInputStream().read());
    }
    assertThat(head.toString())
        .startsWith("HTTP/1.1 101 ")
        .containsIgnoringCase("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    return socket;
  }

  /** Returns a count that has stopped to grow. */
  private static long steady(Supplier<Long> count) throws Exception {
    long[] last = {-1};
    int[] same = {0};
    return Await.until(
        "it to stop",
        count::get,
        now -> {
          same[0] = now > 0 && now == last[0] ? same[0] + 1 : 0;
          last[0] = now;
          return same[0] == 50;
        });
  }
}
