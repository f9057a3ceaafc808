package io.hubspoke.apiserver.authn;

import io.hubspoke.apiserver.http.User;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;

/**
 * Authenticates by client certificate: the common name is the user, organizations are the groups
 * ("X509 client certificates"). The certificate must chain to the client CA, be within its validity
 * and, when it limits its usage, allow client authentication.
 */
public final class X509Authenticator implements Authenticator {
  private static final Set<String> CLIENT_USAGES = Set.of("1.3.6.1.5.5.7.3.2", "2.5.29.37.0");

  private volatile Set<TrustAnchor> anchors;
  private final Clock clock;

  /**
   * Trusts these authorities.
   *
   * @param clientCa the certificates of {@code --client-ca-file}
   */
  public X509Authenticator(Collection<X509Certificate> clientCa, Clock clock) {
    this.clock = clock;
    this.anchors = anchors(clientCa);
  }

  /** Trusts these authorities from now on, and no others. */
  public void trust(Collection<X509Certificate> clientCa) {
    anchors = anchors(clientCa);
  }

  private static Set<TrustAnchor> anchors(Collection<X509Certificate> authorities) {
    return authorities.stream().map(ca -> new TrustAnchor(ca, null)).collect(Collectors.toSet());
  }

  @Override
  public Optional<Authenticated> authenticate(Credentials credentials)
      throws AuthenticationException {
    return switch (credentials.certificate().client()) {
      case null -> Optional.empty();
      case VerifiedCertificate.Nameless nameless -> Optional.empty();
      case VerifiedCertificate.Invalid invalid ->
          throw new AuthenticationException(invalid.reason());
      case VerifiedCertificate.Valid valid -> {
        valid.check(clock.instant());
        yield Optional.of(Authenticated.of(valid.user()));
      }
    };
  }

  /** Judges the chain that a client presented, its own certificate first. */
  public VerifiedCertificate verify(List<X509Certificate> chain) {
    X509Certificate leaf = chain.getFirst();
    try {
      for (X509Certificate certificate : chain) {
        List<String> usages = certificate.getExtendedKeyUsage();
        boolean concerned = certificate.equals(leaf) || certificate.getBasicConstraints() >= 0;
        if (concerned && usages != null && usages.stream().noneMatch(CLIENT_USAGES::contains)) {
          return new VerifiedCertificate.Invalid(
              "x509: certificate specifies an incompatible key usage");
        }
      }
      return valid(leaf, path(chain));
    } catch (CertPathBuilderException e) {
      Optional<String> untimely =
          VerifiedCertificate.untimely(
              leaf.getNotBefore().toInstant(), leaf.getNotAfter().toInstant(), clock.instant());
      if (untimely.isPresent()) {
        return new VerifiedCertificate.Invalid(untimely.get());
      }
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return new VerifiedCertificate.Invalid(
          "x509: certificate of \"%s\" is not valid for this client CA: %s"
              .formatted(leaf.getSubjectX500Principal().getName(), cause.getMessage()));
    } catch (GeneralSecurityException | RuntimeException e) {
      return new VerifiedCertificate.Invalid("x509: malformed certificate: " + e.getMessage());
    }
  }

  /** Returns the certificates from the client's to the authority's. */
  private List<X509Certificate> path(List<X509Certificate> chain) throws GeneralSecurityException {
    X509CertSelector target = new X509CertSelector();
    target.setCertificate(chain.getFirst());
    PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, target);
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(clock.instant()));
    parameters.addCertStore(
        CertStore.getInstance("Collection", new CollectionCertStoreParameters(chain)));
    var result = (PKIXCertPathBuilderResult) CertPathBuilder.getInstance("PKIX").build(parameters);
    List<X509Certificate> path = new ArrayList<>();
    for (var certificate : result.getCertPath().getCertificates()) {
      path.add((X509Certificate) certificate);
    }
    path.add(result.getTrustAnchor().getTrustedCert());
    return path;
  }

  private static VerifiedCertificate valid(X509Certificate leaf, List<X509Certificate> path)
      throws GeneralSecurityException {
    Instant notBefore = Instant.MIN;
    Instant notAfter = Instant.MAX;
    for (X509Certificate certificate : path) {
      Instant from = certificate.getNotBefore().toInstant();
      Instant until = certificate.getNotAfter().toInstant();
      notBefore = from.isAfter(notBefore) ? from : notBefore;
      notAfter = until.isBefore(notAfter) ? until : notAfter;
    }
    X500Name subject = X500Name.getInstance(leaf.getSubjectX500Principal().getEncoded());
    List<String> names = values(subject, BCStyle.CN);
    if (names.isEmpty() || names.getLast().isEmpty()) {
      return new VerifiedCertificate.Nameless();
    }
    String hash =
        HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(leaf.getEncoded()));
    User user =
        new User(
            names.getLast(),
            "",
            values(subject, BCStyle.O),
            Map.of("authentication.kubernetes.io/credential-id", List.of("X509SHA256=" + hash)));
    return new VerifiedCertificate.Valid(user, notBefore, notAfter);
  }

  private static List<String> values(X500Name name, ASN1ObjectIdentifier type) {
    List<String> values = new ArrayList<>(2);
    for (RDN rdn : name.getRDNs()) {
      for (AttributeTypeAndValue attribute : rdn.getTypesAndValues()) {
        if (attribute.getType().equals(type)) {
          values.add(unescaped(attribute));
        }
      }
    }
    return values;
  }

  /** Returns the characters of the value; its display form would have escapes in it. */
  private static String unescaped(AttributeTypeAndValue attribute) {
    return attribute.getValue() instanceof org.bouncycastle.asn1.ASN1String text
        ? text.getString()
        : IETFUtils.valueToString(attribute.getValue());
  }
}
