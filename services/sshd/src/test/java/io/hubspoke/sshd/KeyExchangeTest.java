package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.ssh.Algorithms;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.hubspoke.tunnel.ssh.Refusals;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.auth.password.PasswordIdentityProvider;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.config.keys.ClientIdentityLoader;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.netty.NettyIoServiceFactoryFactory;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.pubkey.AcceptAllPublickeyAuthenticator;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.forward.DirectTcpipFactory;
import org.apache.sshd.server.session.SessionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ends that have keys exchanged more often than anybody needs, or never to the end. */
class KeyExchangeTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int FLOOD = 80_000;
  private static final int ENDLESS = 100;

  @TempDir private static Path directory;

  private static Vertx vertx;
  private static RunningSshd sshd;
  private static SshClient client;

  @BeforeAll
  static void start() throws Exception {
    vertx = Component.vertx();
    sshd = new RunningSshd(vertx, directory);
    client = Algorithms.client();
    client.setSessionFactory(new org.apache.sshd.client.session.SessionFactory(client));
    client.setIoServiceFactoryFactory(new NettyIoServiceFactoryFactory());
    client.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
    client.setKeyIdentityProvider(KeyIdentityProvider.wrapKeyPairs(sshd.key));
    client.setUserAuthFactories(
        List.of(
            new org.apache.sshd.client.auth.pubkey.UserAuthPublicKeyFactory(
                List.copyOf(client.getSignatureFactories()))));
    client.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY);
    client.setClientIdentityLoader(ClientIdentityLoader.DEFAULT);
    client.setPasswordIdentityProvider(PasswordIdentityProvider.EMPTY_PASSWORDS_PROVIDER);
    client.setFilePasswordProvider(FilePasswordProvider.EMPTY);
    client.setChannelFactories(List.of());
    client.setGlobalRequestHandlers(List.of(new Refusals()));
    client.start();
  }

  @AfterAll
  static void stop() throws Exception {
    client.stop();
    sshd.stop();
    Await.result(vertx.close());
  }

  private static ClientSession loggedIn() throws IOException {
    var session =
        client.connect(RunningSshd.USER, "127.0.0.1", sshd.port()).verify(PATIENCE).getSession();
    session.auth().verify(PATIENCE);
    return session;
  }

  /** Returns how often keys are exchanged before the other end has had enough. */
  private static int exchanges(Session session) throws Exception {
    var done = new AtomicInteger();
    session.addSessionListener(
        new SessionListener() {
          @Override
          public void sessionEvent(Session of, Event event) {
            if (event == Event.KeyEstablished) {
              done.incrementAndGet();
            }
          }
        });
    Await.until(
        "the other end has had enough",
        () -> {
          try {
            session.reExchangeKeys().verify(PATIENCE);
          } catch (IOException | RuntimeException ended) {
            return true;
          }
          return done.get() > ENDLESS;
        });
    return done.get();
  }

  @Test
  void a_client_that_has_keys_exchanged_again_and_again_is_let_go() throws Exception {
    var session = loggedIn();

    assertThat(exchanges(session)).isBetween(10, 50);

    Await.until("it is let go", session::isClosed);
    Await.until("nobody is left", sshd.sshd::clients, n -> n == 0);
  }

  @Test
  void a_client_that_ends_no_exchange_and_asks_on_is_let_go() throws Exception {
    var session = loggedIn();
    // It never sees the server's part, and so does not do its own.
    session.getIoSession().suspendRead();
    session.writePacket(beginning(session));
    for (var i = 0; i < FLOOD; i++) {
      var question = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST, 32);
      question.putString("whatever");
      question.putBoolean(true);
      try {
        session.writePacket(question);
      } catch (IOException ended) {
        break;
      }
    }
    Await.until("it is let go", sshd.sshd::clients, n -> n == 0);
    var _ = session.close(true);
  }

  /** An offer of keys that there are (RFC 4253 section 7.1). */
  private static org.apache.sshd.common.util.buffer.Buffer beginning(Session session) {
    var offer = session.createBuffer(SshConstants.SSH_MSG_KEXINIT, 512);
    offer.putRawBytes(new byte[16]);
    for (var names :
        List.of(
            "curve25519-sha256",
            "ssh-ed25519",
            "aes128-gcm@openssh.com",
            "aes128-gcm@openssh.com",
            "hmac-sha2-256-etm@openssh.com",
            "hmac-sha2-256-etm@openssh.com",
            "none",
            "none",
            "",
            "")) {
      offer.putString(names);
    }
    offer.putBoolean(false);
    offer.putUInt(0);
    return offer;
  }

  @Test
  void a_server_that_has_keys_exchanged_again_and_again_is_left() throws Exception {
    var hostKey = KeyFile.readOrMake(directory.resolve("other_host_key"), "host");
    var server = new SshServer();
    Algorithms.serve(server);
    server.setSessionFactory(new SessionFactory(server));
    server.setIoServiceFactoryFactory(new NettyIoServiceFactoryFactory());
    server.setKeyPairProvider(KeyPairProvider.wrap(hostKey));
    server.setUserAuthFactories(List.of(UserAuthPublicKeyFactory.INSTANCE));
    server.setPublickeyAuthenticator(AcceptAllPublickeyAuthenticator.INSTANCE);
    server.setChannelFactories(List.of(DirectTcpipFactory.INSTANCE));
    server.setGlobalRequestHandlers(List.of(new Refusals()));
    server.setFileSystemFactory(new NoFiles());
    server.setHost("127.0.0.1");
    server.start();
    try {
      var connector = new SshConnector(vertx, sshd.login());
      var connection =
          Await.result(
              connector.connect(
                  "node-1",
                  new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), server.getPort()),
                  new PublicKeys(List.of(hostKey.getPublic()))));

      assertThat(exchanges(server.getActiveSessions().getFirst())).isBetween(10, 50);

      assertThat(Await.result(connection.closed())).contains("too many key exchanges");
      Await.result(connector.close());
    } finally {
      server.stop();
    }
  }
}
