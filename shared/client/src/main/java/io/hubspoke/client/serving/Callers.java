package io.hubspoke.client.serving;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.Status;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.client.delegation.Caller;
import io.hubspoke.client.delegation.CertificateCaller;
import io.hubspoke.client.delegation.SubjectAccessReviews;
import io.hubspoke.client.delegation.TokenReviews;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides who may look at a component, as the apiserver says ("delegated authentication and
 * authorization"). Authorities of client certificates that no file names are the apiserver's own,
 * asked for when the first certificate comes and again every minute.
 */
final class Callers {
  private static final Logger LOG = LoggerFactory.getLogger(Callers.class);
  private static final String CANNOT = "the apiserver cannot be asked about the caller";
  private static final String BEARER = "bearer ";
  private static final int MAX_TOKEN = 16 << 10;
  private static final Duration TTL = Duration.ofSeconds(10);
  private static final long AUTHORITIES_TTL = TimeUnit.MINUTES.toNanos(1);

  private final ApiClient authentication;
  private final ApiClient authorization;
  private final List<X509Certificate> fromFile;
  private final TokenReviews tokens;
  private final SubjectAccessReviews reviews;
  private Future<List<X509Certificate>> fetched;
  private long fetchedAt;

  Callers(Vertx vertx, SecureServing options) throws IOException {
    authentication =
        options.authentication() == null ? null : new ApiClient(vertx, options.authentication());
    authorization =
        options.authorization() == null
            ? null
            : options.authorization().equals(options.authentication())
                ? authentication
                : new ApiClient(vertx, options.authorization());
    fromFile =
        options.clientCaFile() == null
            ? List.of()
            : Flag.read("--client-ca-file", () -> Pem.readCertificates(options.clientCaFile()));
    tokens = new TokenReviews(TTL, () -> authentication);
    reviews = new SubjectAccessReviews(TTL, TTL, () -> authorization);
  }

  /** Completes when the caller may get the path; fails with an {@link ApiException} otherwise. */
  Future<Void> check(HttpServerRequest request, String path) {
    return caller(request)
        .compose(
            caller -> {
              if (authorization == null) {
                return Future.succeededFuture(false).map(no -> new Answer(caller, no));
              }
              var verb = request.method().name().toLowerCase(Locale.ROOT);
              return reviews
                  .allowed(caller, new SubjectAccessReviews.Attributes.OfPath(verb, path))
                  .onFailure(e -> LOG.warn("cannot authorize: {}", e.getMessage()))
                  .recover(e -> Future.failedFuture(Status.internalError(CANNOT).toException()))
                  .map(allowed -> new Answer(caller, allowed));
            })
        .compose(
            answer ->
                answer.allowed
                    ? Future.succeededFuture()
                    : Future.failedFuture(forbidden(answer.caller, request, path)));
  }

  private record Answer(Caller caller, boolean allowed) {}

  private static ApiException forbidden(Caller caller, HttpServerRequest request, String path) {
    return Status.of(
            403,
            "Forbidden",
            "forbidden: User \"%s\" cannot %s path \"%s\""
                .formatted(caller.name(), request.method().name().toLowerCase(Locale.ROOT), path))
        .toException();
  }

  private Future<Caller> caller(HttpServerRequest request) {
    var chain = CertificateCaller.shown(request);
    if (chain.length == 0) {
      return byToken(request);
    }
    return authorities()
        .onFailure(e -> LOG.warn("cannot learn who vouches for callers: {}", e.getMessage()))
        .otherwise(List.of())
        .compose(
            known -> {
              Optional<Caller> caller =
                  known.isEmpty()
                      ? Optional.empty()
                      : CertificateCaller.of(chain, Tls.trust(known));
              return caller.map(Future::succeededFuture).orElseGet(() -> byToken(request));
            });
  }

  private Future<Caller> byToken(HttpServerRequest request) {
    var header = request.getHeader("Authorization");
    if (header == null || !header.strip().regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return Future.succeededFuture(Caller.ANONYMOUS);
    }
    var token = header.strip().substring(BEARER.length()).strip();
    if (token.isEmpty() || token.length() > MAX_TOKEN || authentication == null) {
      return unauthorized();
    }
    return tokens
        .review(token)
        .onFailure(e -> LOG.warn("cannot review a bearer token: {}", e.getMessage()))
        .otherwise(Optional.empty())
        .compose(caller -> caller.map(Future::succeededFuture).orElseGet(Callers::unauthorized));
  }

  private static Future<Caller> unauthorized() {
    return Future.failedFuture(Status.unauthorized().toException());
  }

  private synchronized Future<List<X509Certificate>> authorities() {
    if (!fromFile.isEmpty() || authentication == null) {
      return Future.succeededFuture(fromFile);
    }
    var now = System.nanoTime();
    if (fetched == null || fetched.failed() || now - fetchedAt > AUTHORITIES_TTL) {
      fetchedAt = now;
      fetched =
          authentication
              .get(Resource.CONFIG_MAPS, "kube-system", "extension-apiserver-authentication")
              .map(map -> Pem.parseCertificates(map.getData().getOrDefault("client-ca-file", "")));
    }
    return fetched;
  }

  Future<Void> close() {
    var closed = authentication == null ? Future.<Void>succeededFuture() : authentication.close();
    return authorization == null ? closed : closed.eventually(authorization::close);
  }
}
