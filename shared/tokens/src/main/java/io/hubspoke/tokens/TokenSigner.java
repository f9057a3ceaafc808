package io.hubspoke.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.PublicKeys;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.JWTOptions;
import io.vertx.ext.auth.PubSecKeyOptions;
import io.vertx.ext.auth.jwt.JWTAuth;
import io.vertx.ext.auth.jwt.JWTAuthOptions;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;

/** Signs tokens with one key. Signing takes a millisecond or so of processor time. */
public final class TokenSigner {
  private final Vertx vertx;
  private final PrivateKey secret;
  private TokenKey key;
  private JWTAuth signer;

  /**
   * Signs with this key, and names its public part. That of an elliptic curve is computed when it
   * is first needed: it takes a while, and most starts sign nothing.
   *
   * @throws IllegalArgumentException when it is of a kind or size that signs no tokens
   */
  public TokenSigner(Vertx vertx, PrivateKey secret) {
    this(vertx, secret instanceof ECPrivateKey ? null : publicKey(secret), secret);
  }

  /**
   * Signs with this pair.
   *
   * @param key the public part, whose id the tokens name
   */
  public TokenSigner(Vertx vertx, TokenKey key, PrivateKey secret) {
    this.vertx = vertx;
    this.key = key;
    this.secret = secret;
  }

  /** Returns the public part. */
  public synchronized TokenKey key() {
    if (key == null) {
      key = publicKey(secret);
    }
    return key;
  }

  private static TokenKey publicKey(PrivateKey secret) {
    return TokenKey.of(PublicKeys.of(secret));
  }

  /** Returns the token that says what the claims say, and nothing beside them. */
  public String sign(ObjectNode claims) {
    JWTOptions options =
        new JWTOptions()
            .setAlgorithm(key().algorithm())
            .setNoTimestamp(true)
            .setHeader(new JsonObject().put("kid", key().id()));
    return signer().generateToken(new JsonObject(new String(Json.bytes(claims), UTF_8)), options);
  }

  /** Made when first needed: most starts sign nothing. */
  private synchronized JWTAuth signer() {
    if (signer == null) {
      signer =
          JWTAuth.create(
              vertx,
              new JWTAuthOptions()
                  .addPubSecKey(
                      new PubSecKeyOptions()
                          .setAlgorithm(key().algorithm())
                          .setId(key().id())
                          .setBuffer(Pem.encode(secret))));
    }
    return signer;
  }
}
