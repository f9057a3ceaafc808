package io.hubspoke.apiserver.serviceaccount;

import io.hubspoke.apiserver.authn.Authenticated;
import io.hubspoke.apiserver.authn.AuthenticationException;
import io.hubspoke.apiserver.authn.Authenticator;
import io.hubspoke.apiserver.authn.Credentials;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.tokens.CompactToken;
import io.hubspoke.tokens.TokenException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Authenticates by tokens of service accounts, those of the TokenRequest API and those that secrets
 * hold ("Configure Service Accounts for Pods"). A signature is verified once; time, audience,
 * account and bound object are looked at with each request, from what is in memory.
 */
final class ServiceAccountAuthenticator implements Authenticator {
  /** Clocks of several servers differ; the same as in the real apiserver. */
  static final Duration LEEWAY = Duration.ofMinutes(1);

  private static final String EXTRA = "authentication.kubernetes.io/";

  private final ServiceAccountOptions options;
  private final TokenKeyFiles files;
  private final BoundObjects objects;
  private final Clock clock;

  ServiceAccountAuthenticator(
      ServiceAccountOptions options, TokenKeyFiles files, Lister lister, Clock clock) {
    this.options = options;
    this.files = files;
    this.objects = new BoundObjects(lister, LEEWAY);
    this.clock = clock;
  }

  @Override
  public Optional<Authenticated> authenticate(Credentials credentials)
      throws AuthenticationException {
    String token = credentials.bearerToken();
    if (token.length() > CompactToken.MAX_LENGTH || !CompactToken.hasForm(token)) {
      return Optional.empty();
    }
    TokenKeyFiles.Keys keys = files.current();
    try {
      TokenClaims claims = keys.verified().get(token);
      if (claims == null) {
        CompactToken presented = CompactToken.parse(token);
        if (!isOurs(presented)) {
          return Optional.empty();
        }
        // First what costs little; what it says is believed once its signature is verified.
        claims = TokenClaims.of(presented.claims());
        keys.verifier().verify(presented);
        keys.verified().put(token, claims);
      }
      return Optional.of(judge(claims, token, keys, credentials.audiences()));
    } catch (TokenException e) {
      throw new AuthenticationException(e.getMessage());
    }
  }

  /** Looks at the issuer before anything costs time; verified or not, another's is another's. */
  private boolean isOurs(CompactToken token) {
    String issuer = token.claims().path("iss").asText("");
    return options.issuers().contains(issuer) || issuer.equals(TokenClaims.LEGACY_ISSUER);
  }

  private Authenticated judge(
      TokenClaims claims, String token, TokenKeyFiles.Keys keys, List<String> wanted)
      throws TokenException {
    Instant now = clock.instant();
    try {
      checkTime(claims.validity(), now);
    } catch (TokenException e) {
      keys.verified().remove(token);
      throw e;
    }
    List<String> audiences = audiences(claims, wanted.isEmpty() ? options.apiAudiences() : wanted);
    switch (claims) {
      case TokenClaims.Bound bound -> objects.check(bound, now);
      case TokenClaims.Legacy legacy -> {
        if (options.lookup()) {
          objects.check(legacy, token);
        }
      }
    }
    return new Authenticated(user(claims), audiences);
  }

  private static void checkTime(TokenClaims.Validity validity, Instant now) throws TokenException {
    if (validity.expires() != null && !now.isBefore(validity.expires().plus(LEEWAY))) {
      throw new TokenException("service account token has expired");
    }
    if (validity.notBefore() != null && now.plus(LEEWAY).isBefore(validity.notBefore())) {
      throw new TokenException("service account token is not valid yet");
    }
    if (validity.issuedAt() != null && now.plus(LEEWAY).isBefore(validity.issuedAt())) {
      throw new TokenException("service account token is issued in the future");
    }
  }

  /** Returns the audiences that the token has and the caller wants. */
  private List<String> audiences(TokenClaims claims, List<String> wanted) throws TokenException {
    // Tokens of secrets are older than audiences; they are for the API alone.
    List<String> own =
        claims instanceof TokenClaims.Legacy && claims.audiences().isEmpty()
            ? options.apiAudiences()
            : claims.audiences();
    List<String> common = own.stream().filter(wanted::contains).distinct().toList();
    if (common.isEmpty()) {
      throw new TokenException(
          "token audiences %s is invalid for the target audiences %s".formatted(own, wanted));
    }
    return common;
  }

  private static User user(TokenClaims claims) {
    Map<String, List<String>> extra = new LinkedHashMap<>();
    if (claims instanceof TokenClaims.Bound bound) {
      put(extra, "credential-id", bound.id().isEmpty() ? "" : "JTI=" + bound.id());
      if (bound.pod() != null) {
        put(extra, "pod-name", bound.pod().name());
        put(extra, "pod-uid", bound.pod().uid());
      }
      if (bound.node() != null) {
        put(extra, "node-name", bound.node().name());
        put(extra, "node-uid", bound.node().uid());
      }
    }
    return new User(
        "system:serviceaccount:" + claims.namespace() + ":" + claims.account().name(),
        claims.account().uid(),
        List.of("system:serviceaccounts", "system:serviceaccounts:" + claims.namespace()),
        extra);
  }

  private static void put(Map<String, List<String>> extra, String key, String value) {
    if (!value.isEmpty()) {
      extra.put(EXTRA + key, List.of(value));
    }
  }
}
