package io.hubspoke.pki;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What an issued certificate says, besides the key it is for. */
public record CertificateProfile(
    Subject subject,
    SubjectAltNames altNames,
    Set<CertificateUsage> usages,
    Instant notBefore,
    Instant notAfter) {
  /** How far certificates are dated back, for peers whose clock is behind. */
  public static final Duration BACKDATE = Duration.ofMinutes(5);

  public CertificateProfile {
    // An own copy in the enumeration's order, so that certificates come out the same every time.
    var copy = EnumSet.noneOf(CertificateUsage.class);
    copy.addAll(usages);
    usages = Collections.unmodifiableSet(copy);
    if (!notBefore.isBefore(notAfter)) {
      throw new IllegalArgumentException(
          "notBefore " + notBefore + " is not before notAfter " + notAfter);
    }
  }

  /** Describes a server's certificate that is valid from now. */
  public static CertificateProfile server(
      String commonName, SubjectAltNames altNames, Duration validity) {
    return fromNow(new Subject(commonName), altNames, CertificateUsage.SERVER_AUTH, validity);
  }

  /** Describes a client's certificate that is valid from now; the groups become organizations. */
  public static CertificateProfile client(
      String commonName, List<String> groups, Duration validity) {
    return fromNow(
        new Subject(commonName, groups),
        SubjectAltNames.NONE,
        CertificateUsage.CLIENT_AUTH,
        validity);
  }

  /** Describes the certificate of one of several that serve and call each other. */
  public static CertificateProfile peer(
      String commonName, SubjectAltNames altNames, Duration validity) {
    var server = server(commonName, altNames, validity);
    var usages = EnumSet.copyOf(server.usages);
    usages.add(CertificateUsage.CLIENT_AUTH);
    return new CertificateProfile(
        server.subject, altNames, usages, server.notBefore, server.notAfter);
  }

  /** Returns the same profile with other dates. */
  public CertificateProfile valid(Instant notBefore, Instant notAfter) {
    return new CertificateProfile(subject, altNames, usages, notBefore, notAfter);
  }

  private static CertificateProfile fromNow(
      Subject subject, SubjectAltNames altNames, CertificateUsage purpose, Duration validity) {
    var now = Instant.now();
    return new CertificateProfile(
        subject,
        altNames,
        EnumSet.of(CertificateUsage.DIGITAL_SIGNATURE, purpose),
        now.minus(BACKDATE),
        now.plus(validity));
  }
}
