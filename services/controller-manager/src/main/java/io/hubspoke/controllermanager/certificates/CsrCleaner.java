package io.hubspoke.controllermanager.certificates;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Deletes requests that are settled, or that nobody settles. */
public final class CsrCleaner implements RequestLoop.Job {
  private static final Duration SETTLED = Duration.ofHours(1);
  private static final Duration PENDING = Duration.ofHours(24);

  private final ApiClient client;

  public CsrCleaner(ApiClient client) {
    this.client = client;
  }

  @Override
  public Duration reconcile(Request request) {
    var end = end(request);
    if (end.isEmpty()) {
      return Duration.ZERO;
    }
    var left = Duration.between(Instant.now(), end.get());
    if (left.isPositive()) {
      return left;
    }
    client
        .deleteIfPresent(
            Resource.CERTIFICATE_SIGNING_REQUESTS,
            "",
            request.name(),
            DeleteOptions.now(request.object().getMetadata().getUid()))
        .await();
    return Duration.ZERO;
  }

  /**
   * Returns when a request has had its time; empty for one that is approved and waits for its
   * signer, however long.
   */
  static Optional<Instant> end(Request request) {
    if (request.has(Request.DENIED)) {
      return Optional.of(request.since(Request.DENIED).plus(SETTLED));
    }
    if (request.has(Request.FAILED)) {
      return Optional.of(request.since(Request.FAILED).plus(SETTLED));
    }
    if (request.isIssued()) {
      var settled = request.since(Request.APPROVED).plus(SETTLED);
      // A certificate that has ended is of use to nobody.
      return Optional.of(request.expiry().filter(settled::isAfter).orElse(settled));
    }
    return request.has(Request.APPROVED)
        ? Optional.empty()
        : Optional.of(request.created().plus(PENDING));
  }
}
