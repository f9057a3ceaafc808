package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.TcpEndpoint;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.hubspoke.tunnel.ssh.SshDialer;
import io.vertx.core.Vertx;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** Both ends of a hundred nodes' tunnels in one process. */
@Isolated
class ManyTunnelsTest {
  private static final int NODES = 100;
  private static final int MOST_EACH = 512 << 10;

  @TempDir private Path directory;

  @Test
  void a_hundred_tunnels_need_no_threads_and_little_memory() throws Exception {
    Vertx vertx = Component.vertx();
    try (TcpEndpoint echo = TcpEndpoint.echo()) {
      List<RunningSshd> servers = new ArrayList<>();
      List<SshDialer> dialers = new ArrayList<>();
      servers.add(new RunningSshd(vertx, directory));
      SshConnector connector = new SshConnector(vertx, servers.getFirst().login());
      dialers.add(servers.getFirst().dialer(connector));
      reach(dialers.getFirst(), echo);
      Set<String> threads = SshLeaksTest.threads();
      long before = used();

      for (int i = 1; i < NODES; i++) {
        RunningSshd server = new RunningSshd(vertx, directory);
        servers.add(server);
        dialers.add(server.dialer(connector, server.sshd.hostKeys()));
      }
      for (SshDialer dialer : dialers) {
        Await.until("tunnel is up", () -> dialer.state() == SshDialer.State.UP);
        reach(dialer, echo);
      }
      long each = (used() - before) / (NODES - 1);
      System.out.printf("%d KB for both ends of a tunnel%n", each >> 10);
      assertThat(SshLeaksTest.threads()).hasSizeLessThanOrEqualTo(threads.size() + 4);
      assertThat(each).isLessThan(MOST_EACH);

      for (SshDialer dialer : dialers) {
        Await.result(dialer.close());
      }
      Await.result(connector.close());
      for (RunningSshd server : servers) {
        server.stop();
      }
    } finally {
      Await.result(vertx.close());
    }
  }

  private static void reach(SshDialer dialer, TcpEndpoint echo) throws Exception {
    Await.result(Await.result(dialer.dial(new Target("127.0.0.1", echo.port(), "node-1"))).reset());
  }

  /** Returns the bytes of the heap that are in use, after a collection. */
  private static long used() throws Exception {
    var collected = new WeakReference<>(new Object());
    Await.until(
        "a collection",
        () -> {
          System.gc();
          return collected.get() == null;
        });
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
