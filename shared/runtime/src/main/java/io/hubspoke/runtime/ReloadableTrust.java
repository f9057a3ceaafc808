package io.hubspoke.runtime;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Trusts certificate authorities that can be replaced while connections go on; a handshake begun
 * later is judged by the new ones.
 */
public final class ReloadableTrust extends X509ExtendedTrustManager {
  private record Judge(X509ExtendedTrustManager trust, AcceptedChains accepted) {}

  private volatile Judge current;

  public ReloadableTrust(Collection<X509Certificate> authorities) {
    replace(authorities);
  }

  /** Trusts these from now on, and no others. */
  public void replace(Collection<X509Certificate> authorities) {
    current = new Judge(Tls.trust(authorities), new AcceptedChains());
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    current.trust.checkClientTrusted(chain, type, socket);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    current.trust.checkServerTrusted(chain, type, socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    Judge judge = current;
    // A server asks for no name; with one, who has the certificate would not be all there is to it.
    if (engine.getUseClientMode()) {
      judge.trust.checkClientTrusted(chain, type, engine);
    } else if (!judge.accepted.has(chain, type, Instant.now())) {
      judge.trust.checkClientTrusted(chain, type, engine);
      judge.accepted.add(chain, type);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    current.trust.checkServerTrusted(chain, type, engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    current.trust.checkClientTrusted(chain, type);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    current.trust.checkServerTrusted(chain, type);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return current.trust.getAcceptedIssuers();
  }
}
