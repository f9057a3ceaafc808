package io.hubspoke.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthorityTest {
  private static final Duration DAY = Duration.ofDays(1);
  private final CertificateAuthority authority = CertificateAuthority.create("kubernetes", DAY);

  @Test
  void issuesServerCertificatesThatTheJdkAccepts() throws Exception {
    var names = SubjectAltNames.of("kubernetes.default", "127.0.10.1", "::1");
    var identity = authority.issueServer("kube-apiserver", names, Duration.ofHours(1));

    validate(authority.certificate(), identity.chain());
    assertThat(identity.certificate().getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
    assertThat(identity.certificate().getKeyUsage()[0]).isTrue();
    assertThat(identity.certificate().getBasicConstraints()).isEqualTo(-1);
    assertThat(identity.certificate().getSubjectAlternativeNames())
        .contains(
            List.of(2, "kubernetes.default"),
            List.of(7, "127.0.10.1"),
            List.of(7, "0:0:0:0:0:0:0:1"));
  }

  @Test
  void issuesClientCertificatesWithTheirGroupsAsOrganizations() throws Exception {
    var identity =
        authority.issueClient("system:node:a", List.of("system:nodes", "#x\\,CN=root"), DAY);

    validate(authority.certificate(), identity.chain());
    assertThat(identity.certificate().getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
    assertThat(identity.subject())
        .isEqualTo(new Subject("system:node:a", "system:nodes", "#x\\,CN=root"));
  }

  @Test
  void neverIssuesACertificateThatOutlivesItsOwn() {
    var identity = authority.issueServer("a", SubjectAltNames.NONE, Duration.ofDays(400));

    assertThat(identity.certificate().getNotAfter())
        .isEqualTo(authority.certificate().getNotAfter());
  }

  @Test
  void issuesCertificatesWithChosenDates() {
    var start = Instant.parse("2020-01-01T00:00:00Z");
    var end = Instant.parse("2020-01-02T00:00:00Z");
    var expired = authority.issue(CertificateProfile.client("a", List.of(), DAY).valid(start, end));

    assertThat(expired.certificate().getNotBefore().toInstant()).isEqualTo(start);
    assertThat(expired.certificate().getNotAfter().toInstant()).isEqualTo(end);
    assertThatThrownBy(() -> validate(authority.certificate(), expired.chain()))
        .isInstanceOf(CertPathValidatorException.class);
    assertThatThrownBy(() -> CertificateProfile.client("a", List.of(), DAY).valid(end, start))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void isNotBelievedUnderAnotherAuthorityOfTheSameName() {
    var foreign = CertificateAuthority.create("kubernetes", DAY);
    var identity = foreign.issueClient("a", List.of(), DAY);

    assertThatThrownBy(() -> validate(authority.certificate(), identity.chain()))
        .isInstanceOf(CertPathValidatorException.class);
  }

  @Test
  void readsWhatItWrote(@TempDir Path dir) throws Exception {
    authority.write(dir.resolve("ca.crt"), dir.resolve("ca.key"));
    var read = CertificateAuthority.read(dir.resolve("ca.crt"), dir.resolve("ca.key"));

    validate(authority.certificate(), read.issueClient("a", List.of(), DAY).chain());
  }

  @Test
  void refusesToSignWithACertificateThatIsNoAuthority() {
    var leaf = authority.issueClient("a", List.of(), DAY);

    assertThatThrownBy(() -> CertificateAuthority.of(leaf))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("may not sign");
  }

  @Test
  void refusesAKeyThatBelongsToAnotherCertificate() {
    var one = authority.issueClient("a", List.of(), DAY);
    var other = authority.issueClient("a", List.of(), DAY);

    assertThatThrownBy(() -> new Identity(one.key(), other.chain()))
        .hasMessageContaining("does not belong");
  }

  @Test
  void makesSelfSignedIdentitiesThatTheClusterDoesNotTrust() throws Exception {
    var identity = CertificateAuthority.selfSigned("node-1", SubjectAltNames.of("node-1"), DAY);

    validate(identity.chain().get(1), identity.chain().subList(0, 1));
    assertThatThrownBy(() -> validate(authority.certificate(), identity.chain().subList(0, 1)))
        .isInstanceOf(CertPathValidatorException.class);
    assertThat(identity.subject().commonName()).startsWith("node-1@");
  }

  private static void validate(X509Certificate anchor, List<X509Certificate> chain)
      throws Exception {
    var parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
    parameters.setRevocationEnabled(false);
    CertPathValidator.getInstance("PKIX")
        .validate(CertificateFactory.getInstance("X.509").generateCertPath(chain), parameters);
  }
}
