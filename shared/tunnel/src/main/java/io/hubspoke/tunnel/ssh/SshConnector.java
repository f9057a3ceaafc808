package io.hubspoke.tunnel.ssh;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.PublicKey;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.auth.password.PasswordIdentityProvider;
import org.apache.sshd.client.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.config.keys.ClientIdentityLoader;
import org.apache.sshd.client.future.ConnectFuture;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.signature.Signature;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.netty.NettyIoServiceFactoryFactory;

/**
 * Connects and logs in at SSH servers whose keys are known. It has no thread of its own: all
 * connections run on Vert.x's event loops.
 */
public final class SshConnector {
  private static final AttributeKey<Login> LOGIN = new AttributeKey<>();

  private final Vertx vertx;
  private final SshOptions options;
  private final SshClient client;

  /** One way in: what is known of the server, and what was found. */
  private static final class Login {
    private final String tunnel;
    private final PublicKeys known;
    private volatile HostKeyException refused;

    Login(String tunnel, PublicKeys known) {
      this.tunnel = tunnel;
      this.known = known;
    }
  }

  /** Begins to serve at once. */
  public SshConnector(Vertx vertx, SshOptions options) {
    this.vertx = vertx;
    this.options = options;
    this.client = Algorithms.client();
    var eventLoops = ((VertxInternal) vertx).nettyEventLoopGroup();
    client.setIoServiceFactoryFactory(new NettyIoServiceFactoryFactory(eventLoops));
    client.setScheduledExecutorService(eventLoops, false);
    client.setUserAuthFactories(
        List.of(new UserAuthPublicKeyFactory(List.copyOf(client.getSignatureFactories()))));
    // Nothing of whoever runs this process: no configuration, keys or passwords of his.
    client.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY);
    client.setClientIdentityLoader(ClientIdentityLoader.DEFAULT);
    client.setKeyIdentityProvider(KeyIdentityProvider.EMPTY_KEYS_PROVIDER);
    client.setPasswordIdentityProvider(PasswordIdentityProvider.EMPTY_PASSWORDS_PROVIDER);
    client.setFilePasswordProvider(FilePasswordProvider.EMPTY);
    // A server opens nothing here, and asks for nothing.
    client.setChannelFactories(List.of());
    client.setGlobalRequestHandlers(List.of(new Refusals()));
    client.setServerKeyVerifier((session, address, key) -> verify(session, key));
    client.addSessionListener(new KnownAlgorithms());
    CoreModuleProperties.IO_CONNECT_TIMEOUT.set(client, options.loginTimeout());
    CoreModuleProperties.AUTH_TIMEOUT.set(client, options.loginTimeout());
    CoreModuleProperties.HEARTBEAT_INTERVAL.set(client, options.aliveInterval());
    CoreModuleProperties.HEARTBEAT_REQUEST.set(client, "keepalive@openssh.com");
    CoreModuleProperties.HEARTBEAT_NO_REPLY_MAX.set(client, options.aliveCountMax());
    CoreModuleProperties.MAX_CONCURRENT_CHANNELS.set(client, Integer.MAX_VALUE - 1);
    client.start();
  }

  /**
   * Connects and logs in.
   *
   * @param tunnel how errors name it
   * @return fails with a {@link HostKeyException} when the server shows another key
   */
  public Future<SshConnection> connect(String tunnel, InetSocketAddress address, PublicKeys known) {
    Promise<SshConnection> connected = Promise.promise();
    Login login = new Login(tunnel, known);
    InetSocketAddress from =
        options.localAddress() == null ? null : new InetSocketAddress(options.localAddress(), 0);
    try {
      client
          .connect(options.user(), address, AttributeRepository.ofKeyValuePair(LOGIN, login), from)
          .addListener(done -> connected(login, done, connected));
    } catch (IOException | RuntimeException e) {
      connected.fail(e);
    }
    return connected.future();
  }

  private void connected(Login login, ConnectFuture done, Promise<SshConnection> connected) {
    if (!done.isConnected()) {
      connected.tryFail(failure(login, done.getException()));
      return;
    }
    ClientSession session = done.getClientSession();
    session.addPublicKeyIdentity(options.key());
    try {
      session
          .auth()
          .addListener(
              tried -> {
                if (tried.isSuccess()) {
                  connected.complete(
                      new SshConnection(vertx, login.tunnel, session, options.dialTimeout()));
                } else {
                  var _ = session.close(true);
                  connected.tryFail(failure(login, tried.getException()));
                }
              });
    } catch (IOException | RuntimeException e) {
      var _ = session.close(true);
      connected.tryFail(failure(login, e));
    }
  }

  private static Throwable failure(Login login, Throwable failure) {
    if (login.refused != null) {
      return login.refused;
    }
    return failure == null ? new IOException("the server does not let the user in") : failure;
  }

  private static boolean verify(ClientSession session, PublicKey shown) {
    Login login = session.getConnectionContext().getAttribute(LOGIN);
    if (login.known.contain(shown)) {
      return true;
    }
    login.refused = new HostKeyException(login.known, shown);
    return false;
  }

  /** Asks a server for keys of the kinds that are known of it: it may have others too. */
  private static final class KnownAlgorithms implements SessionListener {
    @Override
    public void sessionCreated(Session session) {
      if (session instanceof ClientSession of && of.getConnectionContext() != null) {
        Login login = of.getConnectionContext().getAttribute(LOGIN);
        Set<String> kinds =
            login.known.keys().stream().map(KeyUtils::getKeyType).collect(Collectors.toSet());
        List<NamedFactory<Signature>> wanted =
            of.getSignatureFactories().stream()
                .filter(kind -> kinds.contains(KeyUtils.getCanonicalKeyType(kind.getName())))
                .toList();
        if (!wanted.isEmpty()) {
          of.setSignatureFactories(wanted);
        }
      }
    }
  }

  /** Ends all connections. */
  public Future<Void> close() {
    Promise<Void> closed = Promise.promise();
    client.close(true).addListener(done -> closed.tryComplete());
    return closed.future();
  }
}
