package io.hubspoke.streams.spdy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.streams.StreamTransport;
import io.hubspoke.streams.TestProcess;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The real kubectl as the peer, over SPDY and over WebSocket: Go's libraries at the other end. */
class KubectlTest {
  private final Vertx vertx = Vertx.vertx();
  private final AtomicReference<TestProcess> process = new AtomicReference<>();
  @TempDir private Path home;
  private StreamServer server;

  @BeforeEach
  void listen() throws Exception {
    server = new StreamServer(vertx, command -> Future.succeededFuture(process.get()));
    process.set(new TestProcess(vertx));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private Process kubectl(StreamTransport transport, String... arguments) throws Exception {
    String webSockets = Boolean.toString(transport == StreamTransport.WEBSOCKET);
    List<String> command =
        new ArrayList<>(List.of("kubectl", "--server=http://127.0.0.1:" + server.port));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
    builder.environment().put("HOME", home.toString());
    builder.environment().put("KUBECONFIG", "");
    builder.environment().put("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", webSockets);
    builder.environment().put("KUBECTL_PORT_FORWARD_WEBSOCKETS", webSockets);
    return builder.start();
  }

  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void execGivesInputTakesOutputAndEndsWithTheCodeOfTheProcess(StreamTransport transport)
      throws Exception {
    process.get().cat(7);
    Process kubectl = kubectl(transport, "exec", "-i", "web", "--", "cat");
    try (var in = kubectl.getOutputStream()) {
      in.write("to and fro".getBytes(UTF_8));
    }
    assertThat(text(kubectl.getInputStream())).isEqualTo("to and fro");
    assertThat(text(kubectl.getErrorStream())).contains("command terminated with exit code 7");
    assertThat(kubectl.waitFor()).isEqualTo(7);
    assertThat(server.upgrade)
        .hasValue(transport == StreamTransport.WEBSOCKET ? "websocket" : "SPDY/3.1");
  }

  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void nothingOfALongOutputIsLost(StreamTransport transport) throws Exception {
    process.get().writes(100L << 20);
    Process kubectl = kubectl(transport, "exec", "web", "--", "dump");
    long read = 0;
    byte[] block = new byte[1 << 16];
    for (int n; (n = kubectl.getInputStream().read(block)) >= 0; ) {
      read += n;
    }
    assertThat(text(kubectl.getErrorStream())).isEmpty();
    assertThat(kubectl.waitFor()).isZero();
    assertThat(read).isEqualTo(100L << 20);
  }

  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void portForwardCarriesManyConnectionsAtATimeAndAnotherAfterThem(StreamTransport transport)
      throws Exception {
    int echo =
        Await.result(
                vertx
                    .createNetServer()
                    .connectHandler(s -> s.handler(s::write))
                    .listen(0, "127.0.0.1"))
            .actualPort();
    Process kubectl = kubectl(transport, "port-forward", "web", ":" + echo);
    try {
      int local = forwarded(kubectl);
      List<Socket> sockets = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        sockets.add(new Socket(InetAddress.getLoopbackAddress(), local));
      }
      for (int i = 0; i < 50; i++) {
        sockets.get(i).getOutputStream().write(("connection " + i + ".").getBytes(UTF_8));
      }
      for (int i = 0; i < 50; i++) {
        String expected = "connection " + i + ".";
        assertThat(new String(sockets.get(i).getInputStream().readNBytes(expected.length()), UTF_8))
            .isEqualTo(expected);
        sockets.get(i).close();
      }
      try (Socket late = new Socket(InetAddress.getLoopbackAddress(), local)) {
        late.getOutputStream().write('x');
        assertThat(late.getInputStream().read()).isEqualTo('x');
      }
      assertThat(server.dialled).hasValue(51);
      assertThat(server.upgrade)
          .hasValue(transport == StreamTransport.WEBSOCKET ? "websocket" : "SPDY/3.1");
    } finally {
      kubectl.destroy();
      kubectl.waitFor();
    }
  }

  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void aPodThatHangsUpEndsTheLocalConnectionAndNoOther(StreamTransport transport) throws Exception {
    int once =
        Await.result(
                vertx
                    .createNetServer()
                    .connectHandler(s -> s.handler(b -> s.end(b)))
                    .listen(0, "127.0.0.1"))
            .actualPort();
    Process kubectl = kubectl(transport, "port-forward", "web", ":" + once);
    try {
      int local = forwarded(kubectl);
      for (int i = 0; i < 20; i++) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), local)) {
          socket.getOutputStream().write("bye".getBytes(UTF_8));
          assertThat(text(socket.getInputStream())).isEqualTo("bye");
        }
      }
    } finally {
      kubectl.destroy();
      kubectl.waitFor();
    }
  }

  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void aPortThatNobodyServesIsSaidSo(StreamTransport transport) throws Exception {
    Process kubectl = kubectl(transport, "port-forward", "web", ":1");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), forwarded(kubectl))) {
      socket.getOutputStream().write('x');
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
      assertThat(kubectl.errorReader().readLine())
          .contains("error forwarding port 1 to pod web, uid 7: connection refused");
    } finally {
      kubectl.destroy();
      kubectl.waitFor();
    }
  }

  /** Reads where it listens, from {@code Forwarding from 127.0.0.1:41 -> 80}. */
  private static int forwarded(Process kubectl) throws Exception {
    StringBuilder line = new StringBuilder();
    for (int c; (c = kubectl.getInputStream().read()) != '\n'; ) {
      if (c < 0) {
        throw new AssertionError(text(kubectl.getErrorStream()));
      }
      line.append((char) c);
    }
    String address = line.substring(0, line.indexOf(" ->"));
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  private static String text(InputStream stream) throws Exception {
    return new String(stream.readAllBytes(), UTF_8);
  }
}
