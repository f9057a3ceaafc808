package io.hubspoke.tunnel.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.hubspoke.testing.OpenSshServer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tunnels through the SSH server that everybody has. */
class OpenSshServerTest {
  /** Nobody finds out by a missing answer; bench tunnel measures how long it takes. */
  private static final Duration NEVER = Duration.ofHours(1);

  @TempDir private Path directory;

  private Vertx vertx;
  private OpenSshServer server;
  private SshConnector connector;
  private SshDialer dialer;
  private int echo;

  @BeforeEach
  void start() throws Exception {
    vertx = Component.vertx();
    var key = KeyFile.readOrMake(directory.resolve("id"), "tester");
    server =
        OpenSshServer.start(
            directory, Files.readString(directory.resolve("id.pub")), "PermitOpen 127.0.0.1:*");
    connector = new SshConnector(vertx, new SshOptions(server.user(), key).withAlive(NEVER, 3));
    dialer = open(PublicKeys.parse(server.hostKeys()));
    Await.until("tunnel is up", () -> dialer.state() == SshDialer.State.UP);
    NetServer target = vertx.createNetServer().connectHandler(socket -> socket.pipeTo(socket));
    echo = Await.result(target.listen(0, "127.0.0.1")).actualPort();
  }

  private SshDialer open(PublicKeys known) {
    var address = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), server.port());
    return new SshDialer(vertx, connector, "node-1", address, known).start();
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(dialer.close());
    Await.result(connector.close());
    server.kill();
    Await.result(vertx.close());
  }

  private Future<Duplex> dial(int port) {
    return dialer.dial(new Target("127.0.0.1", port, "node-1"));
  }

  /** Sends so many bytes and the end, and counts what comes back. */
  private static Future<Long> echoed(Duplex through, int bytes) {
    Promise<Long> done = Promise.promise();
    AtomicLong sum = new AtomicLong();
    through.handler(part -> sum.addAndGet(part.length()));
    through.exceptionHandler(done::tryFail);
    through.endHandler(v -> done.tryComplete(sum.get()));
    through.resume();
    Buffer chunk = Buffer.buffer(new byte[1 << 14]);
    for (int sent = 0; sent < bytes; sent += chunk.length()) {
      through.write(chunk).onFailure(done::tryFail);
    }
    through.end();
    return done.future();
  }

  @Test
  void many_streams_carry_bytes_both_ways_and_their_ends() throws Exception {
    List<Future<Long>> echoes = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      echoes.add(dial(echo).compose(through -> echoed(through, 1 << 18)));
    }
    for (Future<Long> bytes : echoes) {
      assertThat(Await.result(bytes)).isEqualTo(1 << 18);
    }
  }

  @Test
  void refusals_say_what_was_refused() throws Exception {
    int closed = FreePort.at("127.0.0.1");
    assertThat(Await.failure(dial(closed))).isInstanceOf(ConnectException.class);
    assertThat(Await.failure(dialer.dial(new Target("127.0.0.2", echo, ""))))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(ConnectException.class)
        .isNotInstanceOf(TunnelDownException.class)
        .hasMessageContaining("prohibited");
  }

  @Test
  void a_killed_server_ends_connections_at_once_and_is_found_again() throws Exception {
    Duplex through = Await.result(dial(echo));
    Promise<Throwable> broken = Promise.promise();
    through.exceptionHandler(broken::tryComplete);
    through.resume();
    server.kill();
    assertThat(Await.result(broken.future())).isInstanceOf(TunnelDownException.class);
    assertThat(Await.failure(dial(echo)))
        .isInstanceOf(TunnelDownException.class)
        .hasMessageContaining("ssh node-1");
    server.start();
    Await.until("tunnel is up again", () -> dialer.state() == SshDialer.State.UP);
    Future<Long> again = dial(echo).compose(second -> echoed(second, 1 << 14));
    assertThat(Await.result(again)).isEqualTo(1 << 14);
  }

  @Test
  void another_host_key_is_refused_and_both_are_named() throws Exception {
    String known = Files.readString(directory.resolve("ssh_host_ed25519_key.pub"));
    Await.result(dialer.close());
    server.kill();
    server.replaceHostKey();
    server.start();
    dialer = open(PublicKeys.parse(known));
    Await.until("tunnel was refused", () -> dialer.failures() > 0);
    String shown = Files.readString(directory.resolve("ssh_host_ed25519_key.pub"));
    assertThat(Await.failure(dial(echo)))
        .isInstanceOf(TunnelDownException.class)
        .hasMessageContaining("host key has changed")
        .hasMessageContaining(PublicKeys.parse(known).fingerprints())
        .hasMessageContaining(PublicKeys.parse(shown).fingerprints());
  }

  @Test
  void a_stranger_is_not_let_in() throws Exception {
    var stranger =
        new SshConnector(
            vertx,
            new SshOptions(
                server.user(), KeyFile.readOrMake(directory.resolve("other"), "stranger")));
    var address = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), server.port());
    assertThat(
            Await.failure(stranger.connect("ssh x", address, PublicKeys.parse(server.hostKeys()))))
        .isInstanceOf(IOException.class);
    Await.result(stranger.close());
  }
}
