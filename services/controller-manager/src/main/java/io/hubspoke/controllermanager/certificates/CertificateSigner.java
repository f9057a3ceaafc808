package io.hubspoke.controllermanager.certificates;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.CertificateUsage;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.Pem;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Signs what passed its signer's rules; holds the cluster's signing key. */
final class CertificateSigner {
  /** The least that {@code spec.expirationSeconds} can ask for. */
  static final Duration SHORTEST = Duration.ofMinutes(10);

  /** Below this the backdating would eat too much of the certificate's life. */
  private static final Duration SHORT_LIVED = Duration.ofHours(8);

  private final Supplier<CertificateAuthority> authorities;
  private final Duration longest;
  private final Clock clock;

  CertificateSigner(Supplier<CertificateAuthority> authorities, Duration longest, Clock clock) {
    this.authorities = authorities;
    this.longest = longest;
    this.clock = clock;
  }

  /**
   * Issues a certificate in PEM.
   *
   * @param expirationSeconds what the request asks for; null for the longest
   * @throws IllegalArgumentException for an unknown usage, or when the authority has expired
   */
  String sign(Csr csr, Set<String> usages, Integer expirationSeconds) {
    var now = clock.instant();
    var authority = authorities.get();
    if (!now.isBefore(authority.certificate().getNotAfter().toInstant())) {
      throw new IllegalArgumentException("refusing to sign: the signer has expired");
    }
    var profile =
        new CertificateProfile(
            csr.subject(),
            csr.altNames(),
            usages.stream().map(CertificateSigner::usage).collect(Collectors.toSet()),
            now.minus(CertificateProfile.BACKDATE),
            end(now, duration(expirationSeconds)));
    return Pem.encode(authority.issue(profile, csr.publicKey()));
  }

  private Duration duration(Integer expirationSeconds) {
    if (expirationSeconds == null) {
      return longest;
    }
    var requested = Duration.ofSeconds(expirationSeconds);
    if (requested.compareTo(longest) > 0) {
      return longest;
    }
    return requested.compareTo(SHORTEST) < 0 ? SHORTEST : requested;
  }

  private static Instant end(Instant now, Duration duration) {
    return duration.compareTo(SHORT_LIVED) < 0
        ? now.plus(duration)
        : now.plus(duration).minus(CertificateProfile.BACKDATE);
  }

  private static CertificateUsage usage(String name) {
    return CertificateUsage.byApiName(name)
        .orElseThrow(() -> new IllegalArgumentException("unrecognized usage: " + name));
  }
}
