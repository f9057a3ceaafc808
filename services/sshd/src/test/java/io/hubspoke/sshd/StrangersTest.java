package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.hubspoke.tunnel.ssh.SshDialer;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Those who connect to a node's SSH server and don't log in. */
class StrangersTest {
  private static final int MOST = 4;

  @TempDir private Path directory;

  private final List<Socket> strangers = new ArrayList<>();
  private Vertx vertx;
  private RunningSshd server;

  @BeforeEach
  void start() throws Exception {
    vertx = Component.vertx();
    var limits =
        new SshdOptions.Limits(
            Duration.ofMinutes(2), 6, MOST, 16, Duration.ofSeconds(10), Duration.ZERO, 3);
    server = new RunningSshd(vertx, directory, 0, options -> options.withLimits(limits));
  }

  @AfterEach
  void stop() throws Exception {
    for (Socket stranger : strangers) {
      stranger.close();
    }
    Await.result(vertx.close());
  }

  /** Returns a connection from an address, once the server has said who it is or ended it. */
  private Socket stranger(String from) throws IOException {
    Socket stranger = new Socket();
    strangers.add(stranger);
    stranger.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
    stranger.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), server.port()));
    stranger.getInputStream().read();
    return stranger;
  }

  /** Returns whether the server has ended it, reading what it says until it says no more. */
  private static boolean ended(Socket stranger) throws IOException {
    stranger.setSoTimeout(100);
    try {
      stranger.getInputStream().readAllBytes();
      return true;
    } catch (SocketTimeoutException open) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  @Test
  void do_not_keep_out_those_who_do_log_in() throws Exception {
    for (int i = 0; i < 2 * MOST; i++) {
      stranger("127.0.0.1");
    }
    SshConnector connector = new SshConnector(vertx, server.login());
    SshDialer dialer = server.dialer(connector);
    assertThat(dialer.state()).isEqualTo(SshDialer.State.UP);
    Await.result(dialer.close());
    Await.result(connector.close());
  }

  @Test
  void do_not_push_out_those_of_other_addresses() throws Exception {
    Socket other = stranger("127.0.0.2");
    List<Socket> many = new ArrayList<>();
    for (int i = 0; i < 3 * MOST; i++) {
      many.add(stranger("127.0.0.3"));
    }
    Await.until("the first of many is let go", () -> ended(many.getFirst()));
    assertThat(ended(other)).isFalse();
    assertThat(ended(many.getLast())).isFalse();
  }
}
