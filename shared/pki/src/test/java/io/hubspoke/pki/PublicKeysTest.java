package io.hubspoke.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PublicKeysTest {
  @ParameterizedTest
  @CsvSource({"RSA,2048", "EC,256", "EC,384", "EC,521"})
  void aPrivateKeyTellsItsPublicKey(String algorithm, int bits) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    generator.initialize(bits);
    KeyPair pair = generator.generateKeyPair();
    assertThat(PublicKeys.of(pair.getPrivate())).isEqualTo(pair.getPublic());
    assertThat(PublicKeys.parse(Pem.encode(pair.getPrivate()) + Pem.encode(pair.getPublic())))
        .isEqualTo(List.of(pair.getPublic(), pair.getPublic()));
  }

  @Test
  void aCertificateHoldsAKeyToo() {
    var ca = CertificateAuthority.create("ca", Duration.ofHours(1));
    assertThat(PublicKeys.parse(Pem.encode(ca.certificate())))
        .isEqualTo(List.of(ca.certificate().getPublicKey()));
  }

  @Test
  void aTextWithoutKeysIsRefused() {
    assertThatThrownBy(() -> PublicKeys.parse("hello"))
        .hasMessage("no public or private key found");
  }
}
