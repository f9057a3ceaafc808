package io.hubspoke.apiserver.serviceaccount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.tokens.TokenKey;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenKeyFilesTest {
  private final Vertx vertx = Component.vertx();

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void keysAreRotatedWithoutARestart(@TempDir Path dir) throws Exception {
    Path key = dir.resolve("sa.key");
    Path pub = dir.resolve("sa.pub");
    KeyPair old = KeyPairs.generate();
    KeyPair next = KeyPairs.generate();
    Pem.writePrivateKey(key, old.getPrivate());
    Files.writeString(pub, Pem.encode(old.getPublic()));
    TokenKeyFiles files = new TokenKeyFiles(vertx, ServiceAccountOptions.of("hub", key, pub));
    files.watch(Duration.ofMillis(20));
    VerifiedTokens remembered = files.current().verified();

    Files.writeString(pub, Pem.encode(next.getPublic()) + Pem.encode(old.getPublic()));
    Await.until("both keys verify", () -> ids(files).equals(List.of(id(next), id(old))));
    assertThat(files.current().verified()).isNotSameAs(remembered);

    Pem.writePrivateKey(key, next.getPrivate());
    Await.until("the next one signs", () -> files.current().signer().key().id().equals(id(next)));

    Files.writeString(pub, "broken");
    Files.writeString(dir.resolve("done"), "");
    assertThat(ids(files)).isEqualTo(List.of(id(next), id(old)));
    Files.writeString(pub, Pem.encode(next.getPublic()));
    Await.until("the old key is gone", () -> ids(files).equals(List.of(id(next))));
    files.stop();
  }

  @Test
  void aFileThatCantBeReadIsNamedWithItsFlag(@TempDir Path dir) throws Exception {
    Path key = dir.resolve("sa.key");
    Files.writeString(key, "nothing");
    assertThatThrownBy(() -> new TokenKeyFiles(vertx, ServiceAccountOptions.of("hub", key)))
        .hasMessageContaining("--service-account-signing-key-file")
        .hasMessageContaining("no private key found");
  }

  private static List<String> ids(TokenKeyFiles files) {
    return files.current().verifier().keys().stream().map(TokenKey::id).toList();
  }

  private static String id(KeyPair pair) {
    return TokenKey.of(pair.getPublic()).id();
  }
}
