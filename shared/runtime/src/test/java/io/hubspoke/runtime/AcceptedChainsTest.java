package io.hubspoke.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.CertificateAuthority;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AcceptedChainsTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final CertificateAuthority CA = CertificateAuthority.create("ca", HOUR);

  private final X509Certificate[] alice = chain("alice");
  private final AcceptedChains accepted = new AcceptedChains(2);

  @Test
  void aChainIsKnownForWhatItWasAcceptedForAndNoOther() throws Exception {
    accepted.add(alice, "EC");
    assertThat(accepted.has(alice, "EC", Instant.now())).isTrue();
    assertThat(accepted.has(alice, "RSA", Instant.now())).isFalse();
    assertThat(accepted.has(chain("alice"), "EC", Instant.now())).isFalse();
    var more = new X509Certificate[] {alice[0], CA.certificate()};
    assertThat(accepted.has(more, "EC", Instant.now())).isFalse();
  }

  @Test
  void aChainIsKnownNoLongerThanTheFirstOfItsCertificatesIsValid() throws Exception {
    var later = CertificateAuthority.create("later", HOUR.multipliedBy(3)).certificate();
    var both = new X509Certificate[] {later, alice[0]};
    accepted.add(both, "EC");
    var end = alice[0].getNotAfter().toInstant();
    assertThat(accepted.has(both, "EC", end)).isTrue();
    assertThat(accepted.has(both, "EC", end.plusMillis(1))).isFalse();
  }

  @Test
  void theChainNotUsedForLongestIsForgottenFirst() throws Exception {
    var bob = chain("bob");
    var carol = chain("carol");
    accepted.add(alice, "EC");
    accepted.add(bob, "EC");
    assertThat(accepted.has(alice, "EC", Instant.now())).isTrue();
    accepted.add(carol, "EC");
    assertThat(accepted.has(alice, "EC", Instant.now())).isTrue();
    assertThat(accepted.has(bob, "EC", Instant.now())).isFalse();
    assertThat(accepted.has(carol, "EC", Instant.now())).isTrue();
  }

  @Test
  void aChainThatTakesMuchToRememberIsNotKept() throws Exception {
    var large = new X509Certificate[100];
    Arrays.fill(large, CA.certificate());
    large[0] = alice[0];
    accepted.add(large, "EC");
    assertThat(accepted.has(large, "EC", Instant.now())).isFalse();
  }

  private static X509Certificate[] chain(String name) {
    return CA.issueClient(name, List.of(), HOUR).chain().toArray(X509Certificate[]::new);
  }
}
