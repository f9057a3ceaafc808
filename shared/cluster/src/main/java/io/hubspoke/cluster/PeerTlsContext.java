package io.hubspoke.cluster;

import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Which peers are members: those with a certificate of the members' authority whose subject is this
 * member's own. Addresses don't count, since they change.
 */
public final class PeerTlsContext {
  private static final int BEYOND_TICKETS_SECONDS = 8 * 24 * 3600;

  private final SSLContext context;

  private PeerTlsContext(SSLContext context) {
    this.context = context;
  }

  /** Makes the context of a member with this key and certificate. */
  public static PeerTlsContext of(Identity identity, List<X509Certificate> authorities) {
    try {
      var context = SSLContext.getInstance("TLSv1.3");
      context.init(
          new KeyManager[] {new ReloadableKeys(identity)},
          new TrustManager[] {new SameSubject(identity.certificate(), Tls.trust(authorities))},
          null);
      // For sessions that would last longer than tickets may, the JDK gives out none (RFC 8446
      // section 4.6.1): each connection is judged anew.
      context.getServerSessionContext().setSessionTimeout(BEYOND_TICKETS_SECONDS);
      return new PeerTlsContext(context);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("no TLS 1.3 in this JDK", e);
    }
  }

  /** Makes one end of a connection; either end asks for the other's certificate. */
  public SSLEngine engine(boolean client) {
    var engine = context.createSSLEngine();
    engine.setUseClientMode(client);
    engine.setEnabledProtocols(new String[] {"TLSv1.3"});
    if (!client) {
      engine.setNeedClientAuth(true);
    }
    return engine;
  }

  /**
   * Finds out whether a member listens there.
   *
   * @throws javax.net.ssl.SSLException when it is somebody else
   * @throws IOException when nobody does
   */
  public void probe(InetSocketAddress address, int timeoutMillis) throws IOException {
    try (var socket = (SSLSocket) context.getSocketFactory().createSocket()) {
      socket.connect(address, timeoutMillis);
      socket.setSoTimeout(timeoutMillis);
      socket.startHandshake();
    }
  }

  private static final class SameSubject extends X509ExtendedTrustManager {
    private final X509Certificate own;
    private final X509ExtendedTrustManager authorities;

    SameSubject(X509Certificate own, X509ExtendedTrustManager authorities) {
      this.own = own;
      this.authorities = authorities;
    }

    private void check(X509Certificate peer) throws CertificateException {
      if (!peer.getSubjectX500Principal().equals(own.getSubjectX500Principal())) {
        throw new CertificateException(
            "a member is "
                + own.getSubjectX500Principal()
                + ", not "
                + peer.getSubjectX500Principal());
      }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      authorities.checkClientTrusted(chain, type, engine);
      check(chain[0]);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      authorities.checkServerTrusted(chain, type, engine);
      check(chain[0]);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      authorities.checkClientTrusted(chain, type, socket);
      check(chain[0]);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      authorities.checkServerTrusted(chain, type, socket);
      check(chain[0]);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      authorities.checkClientTrusted(chain, type);
      check(chain[0]);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      authorities.checkServerTrusted(chain, type);
      check(chain[0]);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return authorities.getAcceptedIssuers();
    }
  }
}
