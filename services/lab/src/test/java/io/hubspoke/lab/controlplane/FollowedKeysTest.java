package io.hubspoke.lab.controlplane;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.Resource;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Pem;
import io.hubspoke.testing.Await;
import io.hubspoke.tokens.CompactToken;
import io.hubspoke.tokens.TokenKey;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the controller manager does when its keys are replaced on disk. */
@Timeout(60)
class FollowedKeysTest {
  private static final String NAMESPACE = "default";

  @TempDir private Path dir;

  @Test
  void secretsWithTokensFollowTheAuthorityAndTheKey() throws Exception {
    var plane = new ControlPlane(dir, Duration.ofMinutes(1));
    try {
      var first = secret(plane, "first");
      assertThat(data(first, "ca.crt")).isEqualTo(Pem.encode(plane.authority.certificate()));

      var next = KeyPairs.generate();
      Pem.writePrivateKey(dir.resolve("sa.key"), next.getPrivate());
      var both =
          Pem.encode(
              List.of(
                  plane.authority.certificate(),
                  CertificateAuthority.create("next", Duration.ofDays(1)).certificate()));
      AtomicFile.writePublic(dir.resolve("ca.crt"), both);

      var told =
          Await.until(
              "it has both", () -> get(plane, "first"), now -> data(now, "ca.crt").equals(both));
      // As Kubernetes has it: who wants another token makes another secret.
      assertThat(data(told, "token")).isEqualTo(data(first, "token"));
      var made = new AtomicInteger();
      Await.until(
          "the new key signs",
          () -> keyId(secret(plane, "later-" + made.incrementAndGet())),
          TokenKey.of(next.getPublic()).id()::equals);
    } finally {
      plane.close();
    }
  }

  /** Makes one, and returns it when it is filled. */
  private static ObjectNode secret(ControlPlane plane, String name) throws Exception {
    Await.until("the account", () -> has(plane, Resource.SERVICE_ACCOUNTS.tree(), "default"));
    Await.result(
        plane.admin.create(
            Resource.SECRETS.tree(),
            NAMESPACE,
            ControlPlane.json(
                """
                {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
                 "metadata": {"name": "%s",
                   "annotations": {"kubernetes.io/service-account.name": "default"}}}
                """
                    .formatted(name))));
    return Await.until(
        name + " is filled", () -> get(plane, name), now -> !data(now, "token").isEmpty());
  }

  private static boolean has(ControlPlane plane, Resource<ObjectNode> resource, String name)
      throws Exception {
    return Await.result(
        plane.admin.get(resource, NAMESPACE, name).map(there -> true).otherwise(false));
  }

  private static ObjectNode get(ControlPlane plane, String name) throws Exception {
    return Await.result(plane.admin.get(Resource.SECRETS.tree(), NAMESPACE, name));
  }

  private static String data(ObjectNode secret, String key) {
    return new String(Base64.getDecoder().decode(secret.path("data").path(key).asText("")), UTF_8);
  }

  private static String keyId(ObjectNode secret) throws Exception {
    return CompactToken.parse(data(secret, "token")).keyId();
  }
}
