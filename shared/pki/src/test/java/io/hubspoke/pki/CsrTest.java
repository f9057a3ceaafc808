package io.hubspoke.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CsrTest {
  private static final Subject NODE = new Subject("system:node:a", "system:nodes");

  @Test
  void carriesSubjectNamesAndKey() {
    var pair = KeyPairs.generate();
    var names =
        new SubjectAltNames(
            List.of("a.example"),
            SubjectAltNames.of("127.10.0.1", "fd00::1").ipAddresses(),
            List.of("spiffe://x/y"),
            List.of("a@example.org"));
    var csr = Csr.parse(Csr.create(NODE, names, pair));

    assertThat(csr.subject()).isEqualTo(NODE);
    assertThat(csr.altNames()).isEqualTo(names);
    assertThat(csr.publicKey()).isEqualTo(pair.getPublic());
    assertThat(csr.usages()).isEmpty();
  }

  @Test
  void needsNoAlternativeNames() {
    var csr = Csr.parse(Csr.create(NODE, SubjectAltNames.NONE, KeyPairs.generate()));

    assertThat(csr.subject()).isEqualTo(NODE);
    assertThat(csr.altNames()).isEqualTo(SubjectAltNames.NONE);
  }

  @Test
  void readsARequestMadeByOpenssl() {
    // openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /O=system:nodes/CN=x
    //   -addext subjectAltName=DNS:x -addext keyUsage=digitalSignature
    //   -addext extendedKeyUsage=clientAuth
    var csr = Csr.parse(OPENSSL);

    assertThat(csr.subject()).isEqualTo(new Subject("x", "system:nodes"));
    assertThat(csr.altNames()).isEqualTo(SubjectAltNames.of("x"));
    assertThat(csr.usages())
        .containsExactlyInAnyOrder(
            CertificateUsage.DIGITAL_SIGNATURE, CertificateUsage.CLIENT_AUTH);
  }

  @Test
  void refusesARequestWhoseSenderDoesNotHoldTheKey() {
    var own = KeyPairs.generate();
    var foreign = new java.security.KeyPair(KeyPairs.generate().getPublic(), own.getPrivate());

    assertThatThrownBy(() -> Csr.parse(Csr.create(NODE, SubjectAltNames.NONE, foreign)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("signature does not match");
  }

  @Test
  void refusesWhatIsNotExactlyOneRequest() {
    var pem = Csr.create(NODE, SubjectAltNames.NONE, KeyPairs.generate());

    assertThatThrownBy(() -> Csr.parse("")).hasMessageContaining("PEM block type");
    assertThatThrownBy(() -> Csr.parse(pem + pem)).hasMessageContaining("PEM block type");
    assertThatThrownBy(() -> Csr.parse(pem.replace("CERTIFICATE REQUEST", "CERTIFICATE")))
        .hasMessageContaining("PEM block type");
    assertThatThrownBy(() -> Csr.parse("x".repeat(Csr.MAX_BYTES + 1)))
        .hasMessageContaining("larger");
  }

  @Test
  void refusesEveryDamagedRequestWithAClearError() {
    var pair = KeyPairs.generate();
    var der =
        Pem.blocks(Csr.create(NODE, SubjectAltNames.of("a", "10.0.0.1"), pair)).getFirst().der();
    var random = new Random(7);
    for (int i = 0; i < der.length; i++) {
      var damaged = der.clone();
      damaged[i] ^= (byte) (1 + random.nextInt(255));
      var pem =
          "-----BEGIN CERTIFICATE REQUEST-----\n"
              + Base64.getEncoder().encodeToString(damaged)
              + "\n-----END CERTIFICATE REQUEST-----\n";
      assertThatIllegalArgumentException().isThrownBy(() -> Csr.parse(pem));
    }
  }

  private static final String OPENSSL =
      """
      -----BEGIN CERTIFICATE REQUEST-----
      MIIBHjCBxgIBADAjMRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxCjAIBgNVBAMMAXgw
      WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQuomkPVLbPvByJRuEllPBM/Hd+iami
      UMhWFpsONfux2Nm9A2su3n3HKrEE/bRmMHEHkPRi5uT/48KNiuS0TrRIoEEwPwYJ
      KoZIhvcNAQkOMTIwMDAMBgNVHREEBTADggF4MAsGA1UdDwQEAwIHgDATBgNVHSUE
      DDAKBggrBgEFBQcDAjAKBggqhkjOPQQDAgNHADBEAiAwm6pKRquopz3Ujxu14/m+
      WBSR85a6I/PK5zAB1Q47BQIgLKH2odz3x6LVEMzNVHH5cCalD7+r2XPCLpwQHKKQ
      Zr8=
      -----END CERTIFICATE REQUEST-----
      """;
}
