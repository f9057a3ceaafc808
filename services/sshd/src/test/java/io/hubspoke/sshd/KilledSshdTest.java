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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the apiserver's end sees when a node's SSH server is killed. */
class KilledSshdTest {
  /** Nobody finds out by a missing answer; bench tunnel measures how long it takes. */
  private static final Duration NEVER = Duration.ofHours(1);

  @TempDir private Path directory;

  @Test
  void connections_fail_at_once_and_the_tunnel_comes_back() throws Exception {
    Vertx vertx = Component.vertx();
    try (SshdProcess sshd = new SshdProcess(directory);
        TcpEndpoint echo = TcpEndpoint.echo()) {
      SshConnector connector = new SshConnector(vertx, sshd.login().withAlive(NEVER, 3));
      SshDialer dialer = sshd.dialer(vertx, connector);
      List<Future<Throwable>> broken = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        broken.add(broken(conversation(dialer, echo)));
      }
      assertThat(dialer.connections()).isEqualTo(20);

      sshd.kill();
      for (Future<Throwable> failure : broken) {
        assertThat(Await.result(failure))
            .isInstanceOf(TunnelDownException.class)
            .hasMessageContaining("ssh node-1");
      }
      assertThat(Await.failure(dialer.dial(target(echo)))).isInstanceOf(TunnelDownException.class);
      Await.until("no connection is left", () -> dialer.connections() == 0);
      echo.awaitConnections(0);

      sshd.start();
      Await.until("the tunnel is up again", () -> dialer.state() == SshDialer.State.UP);
      Await.result(conversation(dialer, echo).reset());
      Await.result(dialer.close());
      Await.result(connector.close());
    } finally {
      Await.result(vertx.close());
    }
  }

  private static Target target(TcpEndpoint endpoint) {
    return new Target("127.0.0.1", endpoint.port(), "node-1");
  }

  /** Returns a connection that has carried bytes both ways. */
  private static Duplex conversation(SshDialer dialer, TcpEndpoint echo) throws Exception {
    Duplex through = Await.result(dialer.dial(target(echo)));
    Promise<Buffer> heard = Promise.promise();
    through.handler(heard::tryComplete).resume();
    through.write(Buffer.buffer("hello")).otherwiseEmpty();
    assertThat(Await.result(heard.future())).hasToString("hello");
    return through;
  }

  private static Future<Throwable> broken(Duplex through) {
    Promise<Throwable> broken = Promise.promise();
    through.exceptionHandler(broken::tryComplete);
    return broken.future();
  }
}
