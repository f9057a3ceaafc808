package io.hubspoke.kubelet.server;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.delegation.Caller;
import io.hubspoke.client.delegation.CertificateCaller;
import io.hubspoke.client.delegation.TokenReviews;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.runtime.ReloadableTrust;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says who calls the kubelet's API (Kubernetes documentation, "Kubelet authentication"): the
 * subject of a client certificate that {@code --client-ca-file} vouches for, else the owner of a
 * bearer token, else nobody in particular where that is allowed. Who shows what nobody vouches for
 * is refused, also where anonymous callers are let in.
 */
final class ApiAuthentication {
  private static final Logger LOG = LoggerFactory.getLogger(ApiAuthentication.class);
  private static final String BEARER = "bearer ";
  private static final String BEARER_PROTOCOL = "base64url.bearer.authorization.k8s.io.";
  private static final int MAX_TOKEN = 16 << 10;

  private static final Duration LOOK_AT_FILES = Duration.ofSeconds(2);

  private final FollowedFiles<List<X509Certificate>> authorities;
  private final ReloadableTrust trust;
  private final TokenReviews tokens;
  private final boolean anonymous;

  /**
   * Makes an authenticator.
   *
   * @param client gives null while there is no connection to the apiserver yet
   */
  ApiAuthentication(Vertx vertx, ServerOptions options, Supplier<ApiClient> client)
      throws IOException {
    Path file = options.clientCaFile();
    this.authorities =
        file == null
            ? null
            : new FollowedFiles<>(
                vertx, "--client-ca-file", List.of(file), () -> Pem.readCertificates(file));
    this.trust = file == null ? null : new ReloadableTrust(authorities.current());
    this.tokens = options.tokenWebhook() ? new TokenReviews(options.tokenCacheTtl(), client) : null;
    this.anonymous = options.anonymousAuth();
  }

  /** Returns whose certificates are asked for; null for nobody's. */
  List<X509Certificate> authorities() {
    return authorities == null ? null : authorities.current();
  }

  /**
   * Follows changes of the authorities, which count from the next request on.
   *
   * @param changed gets told what clients are to be asked for
   */
  void follow(Consumer<List<X509Certificate>> changed) {
    if (authorities != null) {
      authorities.follow(
          LOOK_AT_FILES,
          now -> {
            trust.replace(now);
            changed.accept(now);
          });
    }
  }

  void stop() {
    if (authorities != null) {
      authorities.stop();
    }
  }

  /** Returns the caller; fails with a {@link Refusal} when the answer is 401. */
  Future<Caller> authenticate(HttpServerRequest request) {
    X509Certificate[] chain = CertificateCaller.shown(request);
    boolean certificate = trust != null && chain.length > 0;
    if (certificate) {
      Optional<Caller> caller = CertificateCaller.of(chain, trust);
      if (caller.isPresent()) {
        return Future.succeededFuture(caller.get());
      }
    }
    String token = tokens == null ? "" : token(request);
    if (token.isEmpty()) {
      return anonymous && !certificate ? Future.succeededFuture(Caller.ANONYMOUS) : unauthorized();
    }
    if (token.length() > MAX_TOKEN) {
      return unauthorized();
    }
    return tokens
        .review(token)
        .onFailure(e -> LOG.warn("cannot review a bearer token: {}", e.getMessage()))
        .otherwise(Optional.empty())
        .compose(caller -> caller.map(Future::succeededFuture).orElseGet(() -> unauthorized()));
  }

  private static Future<Caller> unauthorized() {
    return Future.failedFuture(new Refusal(null, 401, "Unauthorized"));
  }

  /** Returns the token that a request carries, or an empty text. */
  private static String token(HttpServerRequest request) {
    String header = request.getHeader("Authorization");
    if (header != null && header.strip().regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      String rest = header.strip().substring(BEARER.length());
      int space = rest.indexOf(' ');
      return space < 0 ? rest : rest.substring(0, space);
    }
    // Browsers can't set headers on a WebSocket; the token comes among its protocols.
    String protocols = request.getHeader("Sec-WebSocket-Protocol");
    if (protocols != null) {
      for (String protocol : protocols.split(",", -1)) {
        if (protocol.strip().startsWith(BEARER_PROTOCOL)) {
          return decode(protocol.strip().substring(BEARER_PROTOCOL.length()));
        }
      }
    }
    return "";
  }

  private static String decode(String base64) {
    try {
      return new String(Base64.getUrlDecoder().decode(base64), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
