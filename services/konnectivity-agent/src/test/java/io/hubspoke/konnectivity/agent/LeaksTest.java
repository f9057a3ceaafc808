package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.konnectivity.server.FrontendOptions.Mode;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.TcpEndpoint;
import io.hubspoke.tunnel.Dialer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * After many connections that ended in every way, with agents and servers that went meanwhile,
 * nothing is left. {@code -Dhubspoke.leaks=100000} says how many.
 */
class LeaksTest {
  private static final int CONNECTIONS = Integer.getInteger("hubspoke.leaks", 10_000);
  private static final int WARM_UP = 500;
  private static final int AT_A_TIME = 32;
  private static final int RESTARTS = 6;
  private static final int STEP = 200;

  @TempDir Path folder;
  private final AtomicInteger begun = new AtomicInteger();
  private final AtomicInteger done = new AtomicInteger();
  private final AtomicInteger whole = new AtomicInteger();
  private Vertx vertx;
  private TestTunnel tunnel;
  private Dialer dialer;
  private RawEnds ends;
  private KonnectivityAgent agent;
  private String deployment;
  private TcpEndpoint echo;
  private TcpEndpoint rude;
  private TcpEndpoint brief;
  private String nobody;

  @BeforeEach
  void begin() throws Exception {
    vertx = Component.vertx();
    var pki = Pki.in(folder);
    tunnel = TestTunnel.start(vertx, pki, Mode.GRPC);
    dialer = tunnel.dialer();
    ends = new RawEnds(vertx, pki);
    echo = TcpEndpoint.echo();
    rude =
        new TcpEndpoint(
            socket -> {
              if (socket.getInputStream().read() >= 0) {
                socket.setSoLinger(true, 0);
              }
            });
    brief = new TcpEndpoint(socket -> socket.getOutputStream().write(7));
    nobody = TcpEndpoint.refused();
    startAgent();
  }

  @AfterEach
  void end() throws Exception {
    List.of(echo, rude, brief).forEach(TcpEndpoint::close);
    Await.result(vertx.close());
  }

  private void startAgent() throws Exception {
    agent = new KonnectivityAgent(tunnel.agentOptions("agent-1"));
    deployment = Await.result(vertx.deployVerticle(agent));
    tunnel.awaitAgents(1);
  }

  @Test
  void nothing_is_left_of_connections_that_ended_in_every_way() throws Exception {
    run(WARM_UP, 0);
    awaitNothing();
    var before = sockets();
    var began = System.nanoTime();
    run(CONNECTIONS, RESTARTS);
    var took = Duration.ofNanos(System.nanoTime() - began);
    awaitNothing();
    Await.until("sockets, which were " + before, LeaksTest::sockets, now -> now <= before);
    // Most of them must have been connections, or this would show nothing.
    assertThat(whole).hasValueGreaterThan(CONNECTIONS / 4);
    System.out.printf(
        "%d connections in %d s, %d of them to their end%n",
        CONNECTIONS, took.toSeconds(), whole.get());
  }

  /** Makes connections, some at a time, while agent and server are restarted in turn. */
  private void run(int connections, int restarts) throws Exception {
    begun.set(0);
    done.set(0);
    whole.set(0);
    for (var i = 0; i < AT_A_TIME; i++) {
      vertx.runOnContext(v -> next(connections));
    }
    for (var i = 1; i <= restarts; i++) {
      awaitDone(i * (connections / (restarts + 1)));
      if (i % 2 == 0) {
        tunnel.restart(Mode.GRPC);
        tunnel.awaitAgents(1);
      } else {
        Await.result(vertx.undeploy(deployment));
        startAgent();
      }
    }
    awaitDone(connections);
  }

  /** Waits as long as there is progress. */
  private void awaitDone(int count) throws Exception {
    while (done.get() < count) {
      var next = Math.min(count, done.get() + STEP);
      Await.until("connections done", done::get, n -> n >= next);
    }
  }

  private void next(int connections) {
    if (begun.getAndIncrement() >= connections) {
      return;
    }
    one()
        .onComplete(
            ended -> {
              done.incrementAndGet();
              vertx.runOnContext(v -> next(connections));
            });
  }

  /** Makes a connection that ends in some way. */
  private Future<Void> one() {
    return switch (ThreadLocalRandom.current().nextInt(10)) {
      case 0 -> dialer.dial(TestTunnel.target(nobody)).mapEmpty();
      case 1 -> reset(echo);
      case 2 -> conversation(rude);
      case 3 -> conversation(brief);
      case 4 -> cancelled(echo.address());
      case 5 -> cancelled(nobody);
      default -> conversation(echo);
    };
  }

  /** Sends, reads until something ends it, and ends it itself at the first answer. */
  private Future<Void> conversation(TcpEndpoint with) {
    return dialer
        .dial(TestTunnel.target(with.address()))
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
              var size = 1 << ThreadLocalRandom.current().nextInt(15);
              duplex.write(Buffer.buffer(new byte[size])).onFailure(over::tryFail);
              duplex.closed().onComplete(closed -> over.tryFail("closed"));
              return over.future()
                  .onComplete(
                      v -> {
                        if (ThreadLocalRandom.current().nextBoolean()) {
                          duplex.end().otherwiseEmpty();
                          // Nobody reads what may still come: that is the end that asks to close.
                          duplex.handler(bytes -> {});
                        } else {
                          duplex.reset().otherwiseEmpty();
                        }
                      });
            });
  }

  private Future<Void> reset(TcpEndpoint with) {
    return dialer
        .dial(TestTunnel.target(with.address()))
        .compose(
            duplex -> {
              duplex.write(Buffer.buffer("gone")).otherwiseEmpty();
              return duplex.reset();
            });
  }

  /** Dials as a foreign client, and gives up at some moment: by a word, or by going. */
  private Future<Void> cancelled(String address) {
    return ends.openClient(tunnel.server().serverPort())
        .compose(
            call -> {
              var stream = new ForeignStream(call);
              stream.dial(1, address);
              Promise<Void> over = Promise.promise();
              vertx.setTimer(
                  1 + ThreadLocalRandom.current().nextInt(3),
                  t -> {
                    if (ThreadLocalRandom.current().nextBoolean()) {
                      stream.cancel(1);
                      call.end();
                    } else {
                      call.cancel();
                    }
                    over.complete();
                  });
              return over.future();
            });
  }

  private void awaitNothing() throws Exception {
    Await.until("connections of the agent", () -> agent.connections(), n -> n == 0);
    Await.until(
        "connections of the server", () -> tunnel.server().establishedConnections(), n -> n == 0);
    for (var endpoint : List.of(echo, rude, brief)) {
      endpoint.awaitConnections(0);
    }
  }

  private static long sockets() throws IOException {
    try (var files = Files.list(Path.of("/proc/self/fd"))) {
      return files.filter(LeaksTest::isSocket).count();
    }
  }

  private static boolean isSocket(Path file) {
    try {
      return Files.readSymbolicLink(file).toString().startsWith("socket:");
    } catch (IOException closed) {
      return false;
    }
  }
}
