package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.TcpEndpoint;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.hubspoke.tunnel.ssh.SshDialer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both ends of a tunnel stop at once, whoever on whatever connection has stopped reading. */
class StopTest {
  private static final int MUCH = 24 << 20;
  private static final Duration AT_ONCE = Duration.ofSeconds(2);

  @TempDir private Path directory;
  private final CountDownLatch over = new CountDownLatch(1);
  private Vertx vertx;
  private RunningSshd sshd;
  private SshConnector connector;
  private SshDialer dialer;
  private TcpEndpoint deaf;
  private TcpEndpoint done;
  private TcpEndpoint talker;

  @BeforeEach
  void start() throws Exception {
    vertx = Component.vertx();
    sshd = new RunningSshd(vertx, directory);
    connector = new SshConnector(vertx, sshd.login());
    dialer = sshd.dialer(connector);
    deaf = new TcpEndpoint(socket -> over.await());
    done =
        new TcpEndpoint(
            socket -> {
              socket.shutdownOutput();
              over.await();
            });
    talker =
        new TcpEndpoint(
            socket -> {
              byte[] talk = new byte[1 << 16];
              while (over.getCount() > 0) {
                socket.getOutputStream().write(talk);
              }
            });
  }

  @AfterEach
  void stop() throws Exception {
    over.countDown();
    deaf.close();
    done.close();
    talker.close();
    Await.result(dialer.close());
    Await.result(connector.close());
    Await.result(vertx.close());
  }

  /** Has a connection stall each way: targets that don't read, and one that isn't heard. */
  private void stall() throws Exception {
    for (TcpEndpoint target : new TcpEndpoint[] {deaf, done}) {
      Duplex writer = dial(target);
      fill(writer);
      Duplex ended = dial(target);
      fill(ended);
      ended.end().otherwiseEmpty();
    }
    Duplex unheard = dial(talker);
    assertThat(unheard.writeQueueFull()).isFalse();
  }

  private Duplex dial(TcpEndpoint target) throws Exception {
    return Await.result(dialer.dial(new Target("127.0.0.1", target.port(), "node-1")));
  }

  /** Writes more than kernels, windows and queues take, until nothing goes on any more. */
  private static void fill(Duplex writer) throws Exception {
    writer.resume();
    AtomicLong sent = new AtomicLong();
    Buffer part = Buffer.buffer(new byte[1 << 16]);
    for (int i = 0; i < MUCH >> 16; i++) {
      writer.write(part).onSuccess(v -> sent.addAndGet(part.length())).otherwiseEmpty();
    }
    AtomicLong before = new AtomicLong();
    AtomicInteger same = new AtomicInteger();
    Await.until(
        "the writer has stopped",
        () -> {
          long now = sent.get();
          same.set(now == before.getAndSet(now) ? same.get() + 1 : 0);
          return now > 0 && same.get() > 20;
        });
    assertThat(sent).hasValueLessThan(MUCH);
  }

  private static void takes(Callable<Void> stop) throws Exception {
    long began = System.nanoTime();
    stop.call();
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(AT_ONCE);
  }

  @Test
  void the_server_stops_though_connections_are_stalled() throws Exception {
    stall();
    takes(
        () -> {
          sshd.stop();
          return null;
        });
    Await.until("the tunnel is down", () -> dialer.state() != SshDialer.State.UP);
  }

  @Test
  void the_client_stops_though_connections_are_stalled() throws Exception {
    stall();
    takes(
        () -> {
          Await.result(dialer.close());
          Await.result(connector.close());
          return null;
        });
    takes(
        () -> {
          sshd.stop();
          return null;
        });
  }

  @Test
  void targets_that_do_not_read_are_let_go_when_their_client_goes() throws Exception {
    stall();
    Await.result(dialer.close());
    Await.until("no connection to a target is left", () -> sshd.sshd.connections() == 0);
    sshd.stop();
  }
}
