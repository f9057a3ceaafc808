package io.hubspoke.client.delegation;

import io.hubspoke.pki.Subject;
import io.vertx.core.http.HttpServerRequest;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.X509TrustManager;

/** Says whom a client certificate names ("X509 client certificates"). */
public final class CertificateCaller {
  private static final String CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";

  private CertificateCaller() {}

  /** Returns the certificates that the client of a request has shown; none when it showed none. */
  public static X509Certificate[] shown(HttpServerRequest request) {
    var session = request.connection().sslSession();
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

  /** Returns whom a chain names that the trust manager vouches for; empty for nobody. */
  public static Optional<Caller> of(X509Certificate[] chain, X509TrustManager trust) {
    try {
      // Each request anew: a connection may outlive its certificate.
      trust.checkClientTrusted(chain, chain[0].getPublicKey().getAlgorithm());
      Subject subject = Subject.of(chain[0]);
      if (subject.commonName().isEmpty()) {
        return Optional.empty();
      }
      List<String> groups = new ArrayList<>(subject.organizations());
      groups.add("system:authenticated");
      String digest =
          HexFormat.of()
              .formatHex(MessageDigest.getInstance("SHA-256").digest(chain[0].getEncoded()));
      return Optional.of(
          new Caller(
              subject.commonName(),
              "",
              groups,
              Map.of(CREDENTIAL_ID, List.of("X509SHA256=" + digest))));
    } catch (CertificateException e) {
      return Optional.empty();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
