package io.hubspoke.runtime;

import java.security.KeyManagementException;
import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLContextSpi;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;

/**
 * Makes client engines that never resume a session. A resumed session carries the certificates of
 * the handshake that it resumes: after a rotation the old one, and a server that is not the one
 * verified now. The JDK has no switch for that on TLS 1.3 clients, but finds sessions by host and
 * port, and the port is advisory: each engine gets another one.
 */
final class UnresumedContext extends SSLContext {
  UnresumedContext(SSLContext context) {
    super(new Spi(context), context.getProvider(), context.getProtocol());
    context.getClientSessionContext().setSessionCacheSize(1);
  }

  private static final class Spi extends SSLContextSpi {
    private final SSLContext context;
    private final AtomicInteger port = new AtomicInteger();

    Spi(SSLContext context) {
      this.context = context;
    }

    @Override
    protected SSLEngine engineCreateSSLEngine(String host, int ignored) {
      return context.createSSLEngine(host, port.incrementAndGet() & Integer.MAX_VALUE);
    }

    @Override
    protected SSLEngine engineCreateSSLEngine() {
      return context.createSSLEngine();
    }

    @Override
    protected void engineInit(KeyManager[] keys, TrustManager[] trust, SecureRandom random)
        throws KeyManagementException {
      context.init(keys, trust, random);
    }

    @Override
    protected SSLSocketFactory engineGetSocketFactory() {
      return context.getSocketFactory();
    }

    @Override
    protected SSLServerSocketFactory engineGetServerSocketFactory() {
      return context.getServerSocketFactory();
    }

    @Override
    protected SSLSessionContext engineGetServerSessionContext() {
      return context.getServerSessionContext();
    }

    @Override
    protected SSLSessionContext engineGetClientSessionContext() {
      return context.getClientSessionContext();
    }

    @Override
    protected SSLParameters engineGetDefaultSSLParameters() {
      return context.getDefaultSSLParameters();
    }

    @Override
    protected SSLParameters engineGetSupportedSSLParameters() {
      return context.getSupportedSSLParameters();
    }
  }
}
