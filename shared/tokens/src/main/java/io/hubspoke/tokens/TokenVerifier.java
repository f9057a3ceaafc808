package io.hubspoke.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.JWTOptions;
import io.vertx.ext.auth.User;
import io.vertx.ext.auth.authentication.TokenCredentials;
import io.vertx.ext.auth.jwt.JWTAuth;
import io.vertx.ext.auth.jwt.JWTAuthOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Verifies signatures of tokens. Each key verifies its own algorithm alone: the header chooses
 * among the keys by {@code kid} and cannot have one used in another way. Times, audiences and
 * issuers are the caller's to judge.
 */
public final class TokenVerifier {
  private final Vertx vertx;
  private final List<TokenKey> keys;
  private final Map<TokenKey, JWTAuth> verifiers = new ConcurrentHashMap<>();

  public TokenVerifier(Vertx vertx, List<TokenKey> keys) {
    this.vertx = vertx;
    this.keys = List.copyOf(keys);
  }

  public List<TokenKey> keys() {
    return keys;
  }

  /**
   * Returns the claims of a token that one of the keys has signed.
   *
   * @throws TokenException when none has
   */
  public ObjectNode verify(CompactToken token) throws TokenException {
    List<TokenKey> candidates = new ArrayList<>(1);
    for (TokenKey key : keys) {
      // Tokens of old have no kid.
      if (token.keyId().isEmpty() || token.keyId().equals(key.id())) {
        candidates.add(key);
      }
    }
    if (candidates.isEmpty()) {
      throw new TokenException("invalid signature, no keys found");
    }
    for (TokenKey key : candidates) {
      if (token.algorithm().equals(key.algorithm()) && signed(token, key)) {
        return token.claims();
      }
    }
    throw new TokenException("invalid signature");
  }

  private boolean signed(CompactToken token, TokenKey key) {
    // Made when first needed: a server that nobody shows a token starts without.
    JWTAuth verifier = verifiers.computeIfAbsent(key, this::verifier);
    try {
      Future<User> judged = verifier.authenticate(new TokenCredentials(token.text()));
      // It answers at once, with no input or output to wait for.
      return judged.succeeded();
    } catch (RuntimeException e) {
      // Vert.x casts claims such as exp and throws when they are of another type.
      return false;
    }
  }

  private JWTAuth verifier(TokenKey key) {
    JsonObject jwk = new JsonObject(new String(Json.bytes(key.jwk()), UTF_8));
    // Without "use" Vert.x takes it for both; what it may do is the public key's matter anyway.
    jwk.remove("use");
    return JWTAuth.create(
        vertx,
        new JWTAuthOptions()
            .addJwk(jwk)
            .setJWTOptions(
                new JWTOptions().setAlgorithm(key.algorithm()).setIgnoreExpiration(true)));
  }
}
