package io.hubspoke.apiserver.serviceaccount;

import io.hubspoke.pki.Pem;
import io.hubspoke.pki.PublicKeys;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.tokens.TokenKey;
import io.hubspoke.tokens.TokenSigner;
import io.hubspoke.tokens.TokenVerifier;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the keys of the flags' files, and reads them again when the files have changed: keys are
 * rotated without a restart. Files that can't be read leave the keys as they are.
 */
final class TokenKeyFiles {
  private static final Logger LOG = LoggerFactory.getLogger(TokenKeyFiles.class);
  private static final int TOKENS_REMEMBERED = 8192;

  /**
   * The keys of one moment, and the tokens that were verified with them.
   *
   * @param signer null when none are issued
   */
  record Keys(TokenSigner signer, TokenVerifier verifier, VerifiedTokens verified) {}

  private final Vertx vertx;
  private final ServiceAccountOptions options;
  private final FollowedFiles<Keys> files;

  /**
   * Reads the files.
   *
   * @throws IOException naming the flag whose file can't be read
   */
  TokenKeyFiles(Vertx vertx, ServiceAccountOptions options) throws IOException {
    this.vertx = vertx;
    this.options = options;
    List<Path> followed = new ArrayList<>(options.keyFiles());
    if (options.signingKeyFile() != null) {
      followed.add(options.signingKeyFile());
    }
    this.files = new FollowedFiles<>(vertx, "keys of service accounts", followed, this::read);
  }

  Keys current() {
    return files.current();
  }

  /** Looks at the files again and again until {@link #stop}. */
  void watch(Duration every) {
    files.follow(
        every,
        now -> LOG.info("keys of service accounts read anew: {}", ids(now.verifier().keys())));
  }

  void stop() {
    files.stop();
  }

  private Keys read() throws IOException {
    TokenSigner signer =
        options.signingKeyFile() == null
            ? null
            : Flag.read("--service-account-signing-key-file", this::signer);
    List<TokenKey> keys = new ArrayList<>();
    for (Path file : options.keyFiles()) {
      Flag.read("--service-account-key-file", () -> PublicKeys.read(file)).stream()
          .map(TokenKeyFiles::key)
          .filter(key -> !keys.contains(key))
          .forEach(keys::add);
    }
    if (keys.isEmpty()) {
      keys.add(signer.key());
    }
    return new Keys(signer, new TokenVerifier(vertx, keys), new VerifiedTokens(TOKENS_REMEMBERED));
  }

  private TokenSigner signer() throws IOException {
    return new TokenSigner(vertx, Pem.readPrivateKey(options.signingKeyFile()));
  }

  private static TokenKey key(PublicKey key) {
    try {
      return TokenKey.of(key);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--service-account-key-file: " + e.getMessage(), e);
    }
  }

  private static List<String> ids(List<TokenKey> keys) {
    return keys.stream().map(TokenKey::id).toList();
  }
}
