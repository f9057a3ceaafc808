package io.hubspoke.controllermanager.certificates;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;

/** Deletes requests that are settled, or that nobody settles. */
public final class CsrCleaner implements Controller {
  private static final Duration SETTLED = Duration.ofHours(1);
  private static final Duration PENDING = Duration.ofHours(24);

  private final ApiClient client;
  private final Informer<CertificateSigningRequest> requests;
  private final ControlLoop<String> loop;

  public CsrCleaner(
      ApiClient client, Context context, Informer<CertificateSigningRequest> requests) {
    this.client = client;
    this.requests = requests;
    this.loop = new ControlLoop<>("csrcleaner", context, 1, this::reconcile);
    requests.addHandler(loop.onChange(item -> item.key().name()));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(String name) {
    var object = requests.get("", name);
    if (object == null) {
      return Duration.ZERO;
    }
    var left = Duration.between(Instant.now(), end(new Request(object)));
    if (left.isPositive()) {
      return left;
    }
    try {
      client
          .delete(
              Resource.CERTIFICATE_SIGNING_REQUESTS,
              "",
              name,
              DeleteOptions.now(object.getMetadata().getUid()))
          .await();
    } catch (ApiException e) {
      if (e.code() != 404 && e.code() != 409) {
        throw e;
      }
    }
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
