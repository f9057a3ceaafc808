package io.hubspoke.kubelet;

import io.hubspoke.pki.Pem;
import io.hubspoke.pki.Subject;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.Tls;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Says who calls the kubelet's API: the subject of a client certificate that {@code
 * --client-ca-file} vouches for, or nobody in particular where that is allowed.
 */
final class ApiAuthentication {
  /** A caller. */
  record Caller(String name, List<String> groups) {
    static final Caller ANONYMOUS =
        new Caller("system:anonymous", List.of("system:unauthenticated"));
  }

  private final List<X509Certificate> authorities;
  private final X509ExtendedTrustManager trust;
  private final boolean anonymous;

  ApiAuthentication(KubeletOptions options) throws IOException {
    this.authorities =
        options.clientCaFile() == null
            ? List.of()
            : Flag.read("--client-ca-file", () -> Pem.readCertificates(options.clientCaFile()));
    this.trust = authorities.isEmpty() ? null : Tls.trust(authorities);
    this.anonymous = options.anonymousAuth();
  }

  /** Returns whose certificates are asked for; null for nobody's. */
  List<X509Certificate> authorities() {
    return authorities.isEmpty() ? null : authorities;
  }

  /** Returns the caller, or empty when the answer is 401. */
  Optional<Caller> authenticate(HttpServerRequest request) {
    X509Certificate[] chain = chain(request.connection().sslSession());
    if (chain.length == 0 || trust == null) {
      return anonymous ? Optional.of(Caller.ANONYMOUS) : Optional.empty();
    }
    try {
      // Each request anew: a connection may outlive its certificate.
      trust.checkClientTrusted(chain, chain[0].getPublicKey().getAlgorithm());
    } catch (CertificateException e) {
      return Optional.empty();
    }
    Subject subject = Subject.of(chain[0]);
    if (subject.commonName().isEmpty()) {
      return Optional.empty();
    }
    List<String> groups = new ArrayList<>(subject.organizations());
    groups.add("system:authenticated");
    return Optional.of(new Caller(subject.commonName(), groups));
  }

  private static X509Certificate[] chain(SSLSession session) {
    if (session == null) {
      return new X509Certificate[0];
    }
    try {
      Certificate[] peer = session.getPeerCertificates();
      X509Certificate[] chain = new X509Certificate[peer.length];
      for (int i = 0; i < peer.length; i++) {
        chain[i] = (X509Certificate) peer[i];
      }
      return chain;
    } catch (SSLPeerUnverifiedException noCertificate) {
      return new X509Certificate[0];
    }
  }
}
