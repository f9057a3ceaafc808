package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.TcpEndpoint;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.hubspoke.tunnel.ssh.SshDialer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * After many connections that ended in every way, while the server went and came back, nothing is
 * left. {@code -Dhubspoke.leaks=100000} says how many.
 */
@Isolated
class SshLeaksTest {
  private static final int CONNECTIONS = Integer.getInteger("hubspoke.leaks", 4_000);
  private static final int WARM_UP = 300;
  private static final int AT_A_TIME = 32;
  private static final int RESTARTS = 4;

  @TempDir private Path directory;
  private final AtomicInteger begun = new AtomicInteger();
  private final AtomicInteger done = new AtomicInteger();
  private final AtomicInteger whole = new AtomicInteger();
  private final List<Socket> waiting = new ArrayList<>();
  private Vertx vertx;
  private RunningSshd sshd;
  private SshConnector connector;
  private SshDialer dialer;
  private TcpEndpoint echo;
  private TcpEndpoint rude;
  private TcpEndpoint brief;
  private ServerSocket silent;

  @BeforeEach
  void begin() throws Exception {
    vertx = Component.vertx();
    echo = TcpEndpoint.echo();
    rude =
        new TcpEndpoint(
            socket -> {
              if (socket.getInputStream().read() >= 0) {
                socket.setSoLinger(true, 0);
              }
            });
    brief = new TcpEndpoint(socket -> socket.getOutputStream().write(7));
    // Takes two connections, and the next gets no answer at all.
    silent = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
    for (int i = 0; i < 2; i++) {
      waiting.add(new Socket(InetAddress.ofLiteral("127.0.0.1"), silent.getLocalPort()));
    }
    startSshd(0);
    // It is given up before the server gives up.
    connector =
        new SshConnector(
            vertx, sshd.login().withTimeouts(Duration.ofSeconds(10), Duration.ofMillis(100)));
    dialer = sshd.dialer(connector);
  }

  private void startSshd(int port) throws Exception {
    sshd =
        new RunningSshd(
            vertx,
            directory,
            port,
            options ->
                options.withLimits(
                    new SshdOptions.Limits(
                        Duration.ofSeconds(120),
                        6,
                        10,
                        1000,
                        Duration.ofMillis(500),
                        Duration.ofSeconds(15),
                        3)));
  }

  @AfterEach
  void end() throws Exception {
    Await.result(dialer.close());
    Await.result(connector.close());
    sshd.stop();
    List.of(echo, rude, brief).forEach(TcpEndpoint::close);
    for (Socket socket : waiting) {
      socket.close();
    }
    silent.close();
    Await.result(vertx.close());
  }

  @Test
  void nothing_is_left_of_connections_that_ended_in_every_way() throws Exception {
    run(WARM_UP, 1);
    awaitNothing();
    long sockets = sockets();
    Set<String> threads = threads();
    run(CONNECTIONS, RESTARTS);
    awaitNothing();
    Await.until("sockets, which were " + sockets, SshLeaksTest::sockets, n -> n <= sockets);
    // The JVM starts a few of its own when it needs them.
    assertThat(threads()).hasSizeLessThan(threads.size() + 4);
    // Most of them must have been connections, or this would show nothing.
    assertThat(whole).hasValueGreaterThan(CONNECTIONS / 4);
  }

  /** Makes connections, some at a time, while the server is stopped and started again. */
  private void run(int connections, int restarts) throws Exception {
    begun.set(0);
    done.set(0);
    whole.set(0);
    for (int i = 0; i < AT_A_TIME; i++) {
      vertx.runOnContext(v -> next(connections));
    }
    for (int i = 1; i <= restarts; i++) {
      awaitDone(i * (connections / (restarts + 1)));
      int port = sshd.port();
      sshd.stop();
      startSshd(port);
    }
    awaitDone(connections);
  }

  private void awaitDone(int count) throws Exception {
    while (done.get() < count) {
      int next = Math.min(count, done.get() + 100);
      Await.until("connections done", done::get, n -> n >= next);
    }
  }

  private void next(int connections) {
    if (begun.getAndIncrement() >= connections) {
      return;
    }
    if (dialer.state() != SshDialer.State.UP) {
      begun.decrementAndGet();
      vertx.setTimer(10, t -> next(connections));
      return;
    }
    one()
        .onComplete(
            ended -> {
              done.incrementAndGet();
              if (ended.cause() instanceof TunnelDownException) {
                // All others would fail meanwhile.
                vertx.setTimer(10, t -> next(connections));
              } else {
                vertx.runOnContext(v -> next(connections));
              }
            });
  }

  /** Makes a connection that ends in some way. */
  private Future<Void> one() {
    return switch (ThreadLocalRandom.current().nextInt(20)) {
      case 0 -> dial(silent.getLocalPort()).mapEmpty();
      case 1 -> dial(1).mapEmpty();
      case 2, 3 -> dial(echo.port()).compose(SshLeaksTest::resetAtOnce);
      case 4, 5, 6 -> conversation(rude);
      case 7, 8, 9 -> conversation(brief);
      default -> conversation(echo);
    };
  }

  private Future<Duplex> dial(int port) {
    return dialer.dial(new Target("127.0.0.1", port, "node-1"));
  }

  private static Future<Void> resetAtOnce(Duplex duplex) {
    duplex.write(Buffer.buffer("gone")).otherwiseEmpty();
    return duplex.reset();
  }

  /** Sends, reads until something ends it, and ends it itself at the first answer. */
  private Future<Void> conversation(TcpEndpoint with) {
    return dial(with.port())
        .compose(
            duplex -> {
              Promise<Void> over = Promise.promise();
              duplex.exceptionHandler(over::tryFail);
              duplex.endHandler(v -> over.tryComplete());
              duplex.handler(
                  bytes -> {
                    whole.incrementAndGet();
                    over.tryComplete();
                  });
              duplex.resume();
              int size = 1 << ThreadLocalRandom.current().nextInt(15);
              duplex.write(Buffer.buffer(new byte[size])).onFailure(over::tryFail);
              duplex.closed().onComplete(closed -> over.tryFail("closed"));
              return over.future()
                  .onComplete(
                      v -> {
                        if (ThreadLocalRandom.current().nextBoolean()) {
                          duplex.end().otherwiseEmpty();
                          duplex.handler(bytes -> {});
                        } else {
                          duplex.reset().otherwiseEmpty();
                        }
                      });
            });
  }

  private void awaitNothing() throws Exception {
    Await.until("channels of the client", dialer::connections, n -> n == 0);
    Await.until("connections of the server", sshd.sshd::connections, n -> n == 0);
    Await.until("clients of the server", sshd.sshd::clients, n -> n == 1);
    for (TcpEndpoint endpoint : List.of(echo, rude, brief)) {
      endpoint.awaitConnections(0);
    }
  }

  private static long sockets() throws IOException {
    try (var files = Files.list(Path.of("/proc/self/fd"))) {
      return files.filter(SshLeaksTest::isSocket).count();
    }
  }

  private static boolean isSocket(Path file) {
    try {
      return Files.readSymbolicLink(file).toString().startsWith("socket:");
    } catch (IOException closed) {
      return false;
    }
  }

  /** Returns threads but those of pools that grow to their size, whoever uses them. */
  static Set<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> !name.contains("worker") && !name.contains("blocking"))
        .filter(name -> !name.startsWith("ForkJoinPool"))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
