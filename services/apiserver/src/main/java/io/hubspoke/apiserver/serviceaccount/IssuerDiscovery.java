package io.hubspoke.apiserver.serviceaccount;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.tokens.TokenKey;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Tells others who issues tokens and with which keys they are verified (OpenID Connect Discovery,
 * as far as "Service account issuer discovery" goes).
 */
final class IssuerDiscovery {
  static final String CONFIGURATION = "/.well-known/openid-configuration";
  static final String KEYS = "/openid/v1/jwks";

  private final ServiceAccountOptions options;
  private final TokenKeyFiles files;
  private final Supplier<String> ownAddress;

  /**
   * Describes the first issuer.
   *
   * @param ownAddress host and port of this server, once it listens
   */
  IssuerDiscovery(ServiceAccountOptions options, TokenKeyFiles files, Supplier<String> ownAddress) {
    this.options = options;
    this.files = files;
    this.ownAddress = ownAddress;
  }

  Endpoint configuration() {
    return request -> answer(request, "application/json", keys -> description(keys));
  }

  Endpoint keys() {
    return request -> answer(request, "application/jwk-set+json", keys -> keySet(keys));
  }

  private ObjectNode description(TokenKeyFiles.Keys keys) {
    ObjectNode document = Json.object().put("issuer", options.issuers().getFirst());
    document.put(
        "jwks_uri",
        options.jwksUri() == null ? "https://" + ownAddress.get() + KEYS : options.jwksUri());
    document.putArray("response_types_supported").add("id_token");
    document.putArray("subject_types_supported").add("public");
    var algorithms = document.putArray("id_token_signing_alg_values_supported");
    keys.verifier().keys().stream()
        .map(TokenKey::algorithm)
        .distinct()
        .sorted()
        .forEach(algorithms::add);
    return document;
  }

  private static ObjectNode keySet(TokenKeyFiles.Keys keys) {
    ObjectNode set = Json.object();
    var array = set.putArray("keys");
    keys.verifier().keys().forEach(key -> array.add(key.jwk()));
    return set;
  }

  private Future<Void> answer(
      ApiRequest request, String type, Function<TokenKeyFiles.Keys, ObjectNode> document) {
    String verb = request.info().verb();
    if (!verb.equals("get") && !verb.equals("head")) {
      throw Status.methodNotAllowed().toException();
    }
    return request
        .http()
        .response()
        .putHeader("Content-Type", type)
        .putHeader("Cache-Control", "public, max-age=3600")
        .end(Buffer.buffer(Json.bytes(document.apply(files.current()))));
  }
}
