package io.hubspoke.controllermanager.certificates;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import java.time.Duration;
import java.time.Instant;

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
    var left = Duration.between(Instant.now(), end(request));
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

  /** Returns when a request has had its time. */
  static Instant end(Request request) {
    if (request.has(Request.DENIED)) {
      return request.since(Request.DENIED).plus(SETTLED);
    }
    if (request.has(Request.FAILED)) {
      return request.since(Request.FAILED).plus(SETTLED);
    }
    if (request.isIssued()) {
      return request.since(Request.APPROVED).plus(SETTLED);
    }
    return request.created().plus(PENDING);
  }
}
