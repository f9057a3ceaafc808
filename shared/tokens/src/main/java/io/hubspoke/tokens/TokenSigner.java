package io.hubspoke.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.pki.Pem;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.JWTOptions;
import io.vertx.ext.auth.PubSecKeyOptions;
import io.vertx.ext.auth.jwt.JWTAuth;
import io.vertx.ext.auth.jwt.JWTAuthOptions;
import java.security.PrivateKey;

/** Signs tokens with one key. Signing takes a millisecond or so of processor time. */
public final class TokenSigner {
  private final Vertx vertx;
  private final TokenKey key;
  private final PrivateKey secret;
  private JWTAuth signer;

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

  public TokenKey key() {
    return key;
  }

  /** Returns the token that says what the claims say, and nothing beside them. */
  public String sign(ObjectNode claims) {
    JWTOptions options =
        new JWTOptions()
            .setAlgorithm(key.algorithm())
            .setNoTimestamp(true)
            .setHeader(new JsonObject().put("kid", key.id()));
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
                          .setAlgorithm(key.algorithm())
                          .setId(key.id())
                          .setBuffer(Pem.encode(secret))));
    }
    return signer;
  }
}
