package io.hubspoke.runtime;

import io.netty.channel.Channel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.TCPSSLOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.core.spi.tls.SslContextFactory;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Sets TLS up on Vert.x options from key and trust managers. Beside {@link KeyCertOptions} from
 * files this starts a server in a tenth of the time, and it makes contexts without the probing that
 * Netty's own JDK contexts do at first use.
 *
 * <p>Vert.x caches client contexts by key and trust options alone, whatever the verification mode:
 * use one {@code HttpClient} for each mode.
 */
public final class Tls {
  private static final int BEYOND_TICKETS_SECONDS = 8 * 24 * 3600;

  private Tls() {}

  /** What does the work of TLS. */
  enum Provider {
    /** OpenSSL where present, the JDK otherwise. */
    BEST,
    JDK
  }

  /**
   * Serves with these keys. A client certificate is asked for but not required, and any passes the
   * handshake: the authenticator above judges it, as a Go server with {@code RequestClientCert}
   * does.
   *
   * @param acceptedIssuers the authorities named to clients, which choose a certificate by them;
   *     null when client certificates are not asked for
   */
  public static <T extends TCPSSLOptions> T serve(
      T options, X509ExtendedKeyManager keys, Collection<X509Certificate> acceptedIssuers) {
    return serve(options, keys, acceptedIssuers, Provider.BEST);
  }

  static <T extends TCPSSLOptions> T serve(
      T options,
      X509ExtendedKeyManager keys,
      Collection<X509Certificate> acceptedIssuers,
      Provider provider) {
    options.setSsl(true).setKeyCertOptions(KeyCertOptions.wrap(keys));
    options.setSslEngineOptions(
        new Engine(acceptedIssuers == null ? ClientAuth.NONE : ClientAuth.OPTIONAL, provider));
    if (acceptedIssuers != null) {
      options.setTrustOptions(TrustOptions.wrap(trustAny(acceptedIssuers)));
    }
    return options;
  }

  /**
   * Serves with these keys those alone whose certificate is trusted: others fail in the handshake.
   */
  public static <T extends TCPSSLOptions> T serveVerified(
      T options, X509ExtendedKeyManager keys, X509ExtendedTrustManager clients) {
    options.setSsl(true).setKeyCertOptions(KeyCertOptions.wrap(keys));
    options.setTrustOptions(TrustOptions.wrap(clients));
    options.setSslEngineOptions(new Engine(ClientAuth.REQUIRE, Provider.BEST));
    return options;
  }

  /**
   * Makes the handshakes of a server on channels that are not Vert.x' own. It asks for a client
   * certificate and takes any, or none.
   */
  public static SslContext serverContext(X509ExtendedKeyManager keys) throws SSLException {
    var factory = new ContextFactory(ClientAuth.OPTIONAL, Provider.BEST, List.of(), null);
    try {
      return factory
          .keyMananagerFactory(KeyCertOptions.wrap(keys).getKeyManagerFactory(null))
          .trustManagerFactory(TrustOptions.wrap(trustAny(List.of())).getTrustManagerFactory(null))
          .create();
    } catch (SSLException e) {
      throw e;
    } catch (Exception e) {
      throw new SSLException("cannot make a TLS context: " + e.getMessage(), e);
    }
  }

  /**
   * Tells of each connection when it is accepted, before anything is read of it.
   *
   * @param options what {@link #serve} or {@link #serveVerified} has set up
   */
  public static <T extends TCPSSLOptions> T announce(T options, Consumer<Channel> arrivals) {
    var engine = (Engine) options.getSslEngineOptions();
    options.setSslEngineOptions(
        new Engine(engine.clientAuth, engine.provider, engine.moreProtocols, arrivals));
    return options;
  }

  /**
   * Names other authorities to clients from the next handshake on. OpenSSL notes them when a
   * context is made, so a new one takes the place of the server's; connections are not touched.
   *
   * @param options what {@link #serve} has set up for it
   */
  public static Future<Void> nameIssuers(
      HttpServer server, HttpServerOptions options, Collection<X509Certificate> acceptedIssuers) {
    ServerSSLOptions tls = options.getSslOptions().copy();
    tls.setTrustOptions(TrustOptions.wrap(trustAny(acceptedIssuers)));
    return server.updateSSLOptions(tls, true).mapEmpty();
  }

  /**
   * Connects with these keys and this trust. Whether the host name is verified too is set on the
   * client options by the caller: algorithm {@code HTTPS}, or empty.
   *
   * @param keys null to present no certificate
   */
  public static <T extends TCPSSLOptions> T connect(
      T options, X509ExtendedKeyManager keys, X509ExtendedTrustManager trust) {
    return connect(options, keys, trust, Provider.BEST);
  }

  /**
   * Connects as {@link #connect(TCPSSLOptions, X509ExtendedKeyManager, X509ExtendedTrustManager)}
   * does, and offers more application protocols (ALPN), before those of the options.
   */
  public static <T extends TCPSSLOptions> T connect(
      T options,
      X509ExtendedKeyManager keys,
      X509ExtendedTrustManager trust,
      List<String> moreProtocols) {
    connect(options, keys, trust);
    options.setSslEngineOptions(
        new Engine(ClientAuth.NONE, Provider.BEST, List.copyOf(moreProtocols), null));
    return options;
  }

  static <T extends TCPSSLOptions> T connect(
      T options, X509ExtendedKeyManager keys, X509ExtendedTrustManager trust, Provider provider) {
    options.setSsl(true).setTrustOptions(TrustOptions.wrap(trust));
    options.setSslEngineOptions(new Engine(ClientAuth.NONE, provider));
    if (keys != null) {
      options.setKeyCertOptions(KeyCertOptions.wrap(keys));
    }
    return options;
  }

  /** Trusts chains that end at one of these authorities (PKIX). */
  public static X509ExtendedTrustManager trust(Collection<X509Certificate> authorities) {
    try {
      KeyStore anchors = KeyStore.getInstance("PKCS12");
      anchors.load(null, null);
      int i = 0;
      for (X509Certificate authority : authorities) {
        anchors.setCertificateEntry("ca-" + i++, authority);
      }
      return pkix(anchors);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException("cannot trust these authorities: " + e.getMessage(), e);
    }
  }

  /** Trusts chains that end at one of the authorities that the JDK knows. */
  public static X509ExtendedTrustManager systemTrust() {
    try {
      return pkix(null);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK's authorities can't be read", e);
    }
  }

  private static X509ExtendedTrustManager pkix(KeyStore anchors) throws GeneralSecurityException {
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(anchors);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509ExtendedTrustManager x509) {
        return x509;
      }
    }
    throw new IllegalStateException("no X.509 trust manager in this JDK");
  }

  /** Accepts every chain; for peers that are judged elsewhere, or on request not at all. */
  public static X509ExtendedTrustManager trustAny(Collection<X509Certificate> acceptedIssuers) {
    return new TrustAny(acceptedIssuers.toArray(X509Certificate[]::new));
  }

  private static final class TrustAny extends X509ExtendedTrustManager {
    private final X509Certificate[] acceptedIssuers;

    TrustAny(X509Certificate[] acceptedIssuers) {
      this.acceptedIssuers = acceptedIssuers;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return acceptedIssuers.clone();
    }
  }

  /** Makes Netty contexts of OpenSSL, or straight from a JDK {@link SSLContext}. */
  private static final class Engine extends JdkSSLEngineOptions {
    private final ClientAuth clientAuth;
    private final Provider provider;
    private final List<String> moreProtocols;
    private final Consumer<Channel> arrivals;

    Engine(ClientAuth clientAuth, Provider provider) {
      this(clientAuth, provider, List.of(), null);
    }

    /**
     * @param arrivals null when nobody is to be told of connections
     */
    Engine(
        ClientAuth clientAuth,
        Provider provider,
        List<String> moreProtocols,
        Consumer<Channel> arrivals) {
      this.clientAuth = clientAuth;
      this.provider = provider;
      this.moreProtocols = moreProtocols;
      this.arrivals = arrivals;
    }

    @Override
    public Engine copy() {
      return new Engine(clientAuth, provider, moreProtocols, arrivals);
    }

    @Override
    public SslContextFactory sslContextFactory() {
      return new ContextFactory(clientAuth, provider, moreProtocols, arrivals);
    }
  }

  private static final class ContextFactory implements SslContextFactory {
    private final ClientAuth clientAuth;
    private final Provider provider;
    private final List<String> moreProtocols;
    private final Consumer<Channel> arrivals;
    private boolean alpn;
    private boolean client;
    private List<String> protocols = List.of();
    private Iterable<String> ciphers;
    private KeyManagerFactory keys;
    private TrustManagerFactory trust;

    ContextFactory(
        ClientAuth clientAuth,
        Provider provider,
        List<String> moreProtocols,
        Consumer<Channel> arrivals) {
      this.clientAuth = clientAuth;
      this.provider = provider;
      this.moreProtocols = moreProtocols;
      this.arrivals = arrivals;
    }

    @Override
    public SslContextFactory useAlpn(boolean useAlpn) {
      alpn = useAlpn;
      return this;
    }

    @Override
    public SslContextFactory forClient(boolean forClient) {
      client = forClient;
      return this;
    }

    @Override
    public SslContextFactory keyMananagerFactory(KeyManagerFactory factory) {
      keys = factory;
      return this;
    }

    @Override
    public SslContextFactory trustManagerFactory(TrustManagerFactory factory) {
      trust = factory;
      return this;
    }

    @Override
    public SslContextFactory enabledCipherSuites(Set<String> suites) {
      ciphers = suites.isEmpty() ? null : suites;
      return this;
    }

    @Override
    public SslContextFactory applicationProtocols(List<String> names) {
      protocols =
          names == null
              ? List.of()
              : Stream.concat(moreProtocols.stream(), names.stream()).distinct().toList();
      return this;
    }

    @Override
    public SslContext create() throws SSLException {
      ApplicationProtocolConfig negotiation =
          alpn && !protocols.isEmpty()
              ? new ApplicationProtocolConfig(
                  ApplicationProtocolConfig.Protocol.ALPN,
                  ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                  ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                  protocols)
              : ApplicationProtocolConfig.DISABLED;
      SslContext context =
          provider == Provider.BEST && OpenSslContexts.isAvailable()
              ? OpenSslContexts.create(client, keys, trust, ciphers, negotiation, clientAuth)
              : jdk(negotiation, clientAuth);
      return arrivals == null ? context : new AnnouncingContext(context, arrivals);
    }

    private SslContext jdk(ApplicationProtocolConfig negotiation, ClientAuth clientAuth)
        throws SSLException {
      try {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(
            keys == null ? null : keys.getKeyManagers(),
            trust == null ? null : trust.getTrustManagers(),
            null);
        // For sessions that would last longer than tickets may, the JDK gives out none (RFC 8446
        // section 4.6.1): a resumed one carries the certificates of an earlier handshake.
        context.getServerSessionContext().setSessionTimeout(BEYOND_TICKETS_SECONDS);
        return new JdkSslContext(
            client ? new UnresumedContext(context) : context,
            client,
            ciphers,
            SupportedCipherSuiteFilter.INSTANCE,
            negotiation,
            clientAuth,
            null,
            false);
      } catch (GeneralSecurityException e) {
        throw new SSLException("cannot make a TLS context: " + e.getMessage(), e);
      }
    }
  }
}
