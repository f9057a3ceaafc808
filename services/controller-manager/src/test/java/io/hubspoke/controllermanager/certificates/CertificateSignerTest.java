package io.hubspoke.controllermanager.certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CertificateSignerTest {
  private static final Set<String> USAGES = Set.of("digital signature", "client auth");

  private final Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private final CertificateAuthority authority =
      CertificateAuthority.create("kubernetes", Duration.ofDays(30));
  private final Csr csr =
      Csr.parse(
          Csr.create(
              new Subject("system:node:a", "system:nodes"),
              SubjectAltNames.NONE,
              KeyPairs.generate()));

  @Test
  void issuesWhatWasAskedForAndNothingElse() throws Exception {
    var certificate = sign(null);

    certificate.verify(authority.certificate().getPublicKey());
    assertThat(Subject.of(certificate)).isEqualTo(csr.subject());
    assertThat(certificate.getPublicKey()).isEqualTo(csr.publicKey());
    assertThat(certificate.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    assertThat(certificate.getBasicConstraints()).isEqualTo(-1);
  }

  @Test
  void keepsTheRequestedLifeWithinItsLimits() {
    assertThat(life(null)).isEqualTo(Duration.ofDays(7).minusMinutes(5));
    assertThat(life(3600)).isEqualTo(Duration.ofHours(1));
    assertThat(life(1)).isEqualTo(Duration.ofMinutes(10));
    assertThat(life(Integer.MAX_VALUE)).isEqualTo(Duration.ofDays(7).minusMinutes(5));
  }

  @Test
  void signsNothingOnceItHasExpired() {
    var late = Clock.fixed(now.plus(Duration.ofDays(31)), ZoneOffset.UTC);
    var signer = new CertificateSigner(() -> authority, Duration.ofDays(7), late);

    assertThatThrownBy(() -> signer.sign(csr, USAGES, null)).hasMessageContaining("expired");
  }

  @Test
  void refusesUsagesItDoesNotKnow() {
    var signer = new CertificateSigner(() -> authority, Duration.ofDays(7), Clock.systemUTC());

    assertThatThrownBy(() -> signer.sign(csr, Set.of("world domination"), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("world domination");
  }

  private Duration life(Integer expirationSeconds) {
    return Duration.between(now, sign(expirationSeconds).getNotAfter().toInstant());
  }

  private X509Certificate sign(Integer expirationSeconds) {
    var signer =
        new CertificateSigner(
            () -> authority, Duration.ofDays(7), Clock.fixed(now, ZoneOffset.UTC));
    return Pem.parseCertificates(signer.sign(csr, USAGES, expirationSeconds)).getFirst();
  }
}
