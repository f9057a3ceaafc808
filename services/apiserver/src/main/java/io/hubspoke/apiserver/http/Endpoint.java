package io.hubspoke.apiserver.http;

import io.vertx.core.Future;

/**
 * Answers requests that were authenticated and authorized. The request is paused when it arrives;
 * whoever wants the body resumes it. A failed future becomes a {@code Status} on the wire if
 * nothing was written yet: an {@link io.hubspoke.api.ApiException} its own, anything else a 500.
 */
@FunctionalInterface
public interface Endpoint {
  Future<Void> handle(ApiRequest request);
}
