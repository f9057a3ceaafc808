package io.hubspoke.apiserver.authn;

/**
 * A connection's client certificate, as judged by the authorities of clients and by those of front
 * proxies; each null when there is no certificate, or no such authority.
 */
public record PresentedCertificate(VerifiedCertificate client, VerifiedCertificate frontProxy) {
  /** No certificate. */
  public static final PresentedCertificate NONE = new PresentedCertificate(null, null);
}
