package io.hubspoke.runtime;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.DelegatingSslContext;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.internal.tcnative.SSL;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Makes contexts of OpenSSL (BoringSSL) where there is a library for this machine: a third less CPU
 * for each byte than the JDK's. The same managers decide about keys and trust.
 */
final class OpenSslContexts {
  private static final int EARLY_BYTES = 128;

  /**
   * What servers take for the exchange of keys. Most clients but Java's begin with X25519; one that
   * is told to begin anew takes another round trip. Clients here begin with what the JDK is told.
   */
  private static final String[] GROUPS = {"x25519", "secp256r1", "secp384r1", "secp521r1"};

  private OpenSslContexts() {}

  /** Returns whether it can be used; loads it the first time. */
  static boolean isAvailable() {
    return OpenSsl.isAvailable();
  }

  static SslContext create(
      boolean client,
      KeyManagerFactory keys,
      TrustManagerFactory trust,
      Iterable<String> ciphers,
      ApplicationProtocolConfig negotiation,
      ClientAuth clientAuth)
      throws SSLException {
    // Keys are parsed once for each alias, and a replaced certificate has another alias.
    KeyManagerFactory parsed = keys == null ? null : new OpenSslCachingX509KeyManagerFactory(keys);
    SslContextBuilder builder =
        client
            ? SslContextBuilder.forClient().keyManager(parsed)
            : SslContextBuilder.forServer(parsed)
                .clientAuth(clientAuth)
                .option(OpenSslContextOption.GROUPS, GROUPS);
    if (trust != null && trust.getTrustManagers()[0] instanceof X509ExtendedTrustManager x509) {
      builder.trustManager(new AlertingTrust(x509));
    } else {
      builder.trustManager(trust);
    }
    SslContext context =
        builder
            .sslProvider(SslProvider.OPENSSL)
            .ciphers(ciphers, SupportedCipherSuiteFilter.INSTANCE)
            .applicationProtocolConfig(negotiation)
            .build();
    // For what a handshake says before it is asked for; each connection keeps it to its end. What
    // does not fit waits until it is.
    ((ReferenceCountedOpenSslContext) context).setBioNonApplicationBufferSize(EARLY_BYTES);
    // A resumed session carries the certificates of an earlier handshake.
    ((OpenSslSessionContext) context.sessionContext()).setSessionCacheEnabled(false);
    return client ? context : new WithoutTickets(context);
  }

  /**
   * Netty turns tickets on at servers, by setting that there are no keys for them, and can't be
   * told not to: they are turned off at each connection.
   */
  private static final class WithoutTickets extends DelegatingSslContext {
    WithoutTickets(SslContext context) {
      super(context);
    }

    @Override
    protected void initEngine(SSLEngine engine) {
      SSL.setOptions(((ReferenceCountedOpenSslEngine) engine).sslPointer(), SSL.SSL_OP_NO_TICKET);
    }
  }
}
