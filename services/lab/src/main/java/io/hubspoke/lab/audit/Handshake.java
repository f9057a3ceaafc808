package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.runtime.Tls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** Connects to a server as a client that trusts one authority and verifies the address. */
final class Handshake {
  private static final int TIMEOUT_MILLIS = 5_000;

  private Handshake() {}

  /**
   * Returns whether the server's certificate chains to the authority and bears the address (RFC
   * 9110, 4.3.4); notes what it was, or why not.
   */
  static boolean verifies(
      X509Certificate authority, String address, int port, ObjectNode evidence) {
    try (var tcp = new Socket()) {
      tcp.connect(new InetSocketAddress(InetAddress.ofLiteral(address), port), TIMEOUT_MILLIS);
      tcp.setSoTimeout(TIMEOUT_MILLIS);
      var context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {Tls.trust(List.of(authority))}, null);
      try (var tls =
          (SSLSocket) context.getSocketFactory().createSocket(tcp, address, port, true)) {
        var parameters = tls.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        var certificate = (X509Certificate) tls.getSession().getPeerCertificates()[0];
        evidence
            .put("servingCertificateOf", certificate.getSubjectX500Principal().getName())
            .put("issuedBy", certificate.getIssuerX500Principal().getName())
            .put("altNames", String.valueOf(certificate.getSubjectAlternativeNames()))
            .remove("handshake");
        return true;
      }
    } catch (IOException | GeneralSecurityException e) {
      evidence.put("handshake", String.valueOf(e.getMessage()));
      return false;
    }
  }
}
