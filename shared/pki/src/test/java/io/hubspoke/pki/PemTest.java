package io.hubspoke.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PemTest {
  @Test
  void writesPrivateKeysForTheirOwnerOnly(@TempDir Path dir) throws Exception {
    var file = dir.resolve("pki/ca.key");
    var key = KeyPairs.generate().getPrivate();
    Pem.writePrivateKey(file, key);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(Pem.readPrivateKey(file)).isEqualTo(key);
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void closesThePermissionsOfAFileItReplaces(@TempDir Path dir) throws Exception {
    var file = dir.resolve("key");
    Files.writeString(file, "old");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    Pem.writePrivateKey(file, KeyPairs.generate().getPrivate());

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void readsKeysInTheFormsThatOtherToolsWrite() throws Exception {
    var ec = KeyPairs.generate().getPrivate();
    var sec1 = PrivateKeyInfo.getInstance(ec.getEncoded());
    var curve = sec1.getPrivateKeyAlgorithm().getParameters();
    var bare = org.bouncycastle.asn1.sec.ECPrivateKey.getInstance(sec1.parsePrivateKey());
    var full = new org.bouncycastle.asn1.sec.ECPrivateKey(256, bare.getKey(), curve);
    var read = Pem.parsePrivateKey(Pem.encode("EC PRIVATE KEY", full.getEncoded()));
    assertThat(((ECPrivateKey) read).getS()).isEqualTo(((ECPrivateKey) ec).getS());

    var generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    var rsa = generator.generateKeyPair().getPrivate();
    var pkcs1 = PrivateKeyInfo.getInstance(rsa.getEncoded()).parsePrivateKey();
    assertThat(
            Pem.parsePrivateKey(
                Pem.encode("RSA PRIVATE KEY", pkcs1.toASN1Primitive().getEncoded())))
        .isEqualTo(rsa);
  }

  @Test
  void readsCertificateAndKeyFromOneFile(@TempDir Path dir) throws Exception {
    var file = dir.resolve("kubelet-client-current.pem");
    var identity =
        CertificateAuthority.create("ca", Duration.ofDays(1))
            .issueClient("system:node:a", List.of("system:nodes"), Duration.ofHours(1));
    identity.write(file);

    assertThat(Identity.read(file, file)).isEqualTo(identity);
  }

  @Test
  void saysWhatIsWrongWithoutQuotingTheContent() {
    assertThatThrownBy(() -> Pem.parsePrivateKey("sekret")).hasMessage("no private key found");
    assertThatThrownBy(() -> Pem.parseCertificates("-----BEGIN CERTIFICATE-----\nAAAA\n"))
        .hasMessageContaining("has no end");
    var block = "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n";
    assertThatThrownBy(() -> Pem.parsePrivateKey(block.formatted("c2VrcmV0")))
        .hasMessage("malformed or unsupported PRIVATE KEY");
    assertThatThrownBy(() -> Pem.parsePrivateKey(block.formatted("***sekret")))
        .hasMessageNotContaining("sekret");
    assertThatThrownBy(() -> Pem.parseCertificates("x".repeat(Pem.MAX_BYTES + 1)))
        .hasMessageContaining("larger");
  }
}
