package io.hubspoke.apiserver.webhook;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.Names;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.RequestNotes;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks one webhook, and decides what its verdict means for the request. */
final class WebhookCaller {
  private static final Logger LOG = LoggerFactory.getLogger(WebhookCaller.class);
  private static final int UNAVAILABLE = 503;

  private final WebhookClients clients;
  private final WebhookMetrics metrics;

  WebhookCaller(WebhookClients clients, WebhookMetrics metrics) {
    this.clients = clients;
    this.metrics = metrics;
  }

  /** Asks, and notes what the webhook has to say beside its verdict; never fails. */
  Future<Verdict> call(Invocation invocation, boolean mutating) {
    Webhook webhook = invocation.webhook();
    if (invocation.request().dryRun() && !webhook.drySafe()) {
      return Future.succeededFuture(
          new Verdict.Impossible(
              Status.badRequest(
                  "admission webhook \"" + webhook.name() + "\" does not support dry run")));
    }
    Duration left = invocation.request().origin().left();
    if (!left.isPositive()) {
      // Whoever asked has been told that it was not done.
      return Future.succeededFuture(
          new Verdict.Impossible(
              Status.timeout("request did not complete within requested timeout")));
    }
    AdmissionReview review = new AdmissionReview(invocation);
    Duration time = left.compareTo(webhook.timeout()) < 0 ? left : webhook.timeout();
    return clients
        .post(webhook, time, review.body())
        .map(answer -> verdict(invocation, review, answer, mutating))
        .otherwise(WebhookCaller::unasked);
  }

  private static Verdict verdict(
      Invocation invocation, AdmissionReview review, Buffer answer, boolean mutating) {
    ReviewResponse response;
    try {
      response = review.read(answer.getBytes(), mutating);
    } catch (InvalidReviewException e) {
      return new Verdict.Unasked(
          UNAVAILABLE, "received invalid webhook response: " + e.getMessage(), false);
    }
    String name = invocation.webhook().name();
    RequestNotes notes = invocation.request().origin().notes();
    response.warnings().forEach(notes::warn);
    response
        .auditAnnotations()
        .forEach(
            (key, value) -> {
              if (Names.qualifiedName(name + "/" + key).isEmpty()) {
                notes.annotate(name + "/" + key, value);
              } else {
                LOG.warn("webhook {} has an audit annotation of no valid key", name);
              }
            });
    return response.allowed()
        ? new Verdict.Allowed(response)
        : new Verdict.Denied(response.denial(name));
  }

  private static Verdict unasked(Throwable failure) {
    return failure instanceof WebhookCallException call
        ? new Verdict.Unasked(call.code(), call.getMessage(), call.isTunnelDown())
        : new Verdict.Unasked(400, "failed to call webhook: " + failure.getMessage(), false);
  }

  /**
   * Counts a verdict and returns why the request fails by it, if it does.
   *
   * @param step {@code admit} or {@code validating}
   * @param mark under what to note in the audit log that the webhook was passed over
   */
  Optional<ApiException> settle(
      Invocation invocation, String step, Verdict verdict, long began, String mark) {
    metrics.called(invocation, step, verdict, Duration.ofNanos(System.nanoTime() - began));
    return switch (verdict) {
      case Verdict.Allowed allowed -> Optional.empty();
      case Verdict.Denied denied -> Optional.of(denied.status().toException());
      case Verdict.Impossible impossible -> Optional.of(impossible.status().toException());
      case Verdict.Unasked unasked -> policy(invocation, step, unasked, mark);
    };
  }

  private Optional<ApiException> policy(
      Invocation invocation, String step, Verdict.Unasked unasked, String mark) {
    Webhook webhook = invocation.webhook();
    String why = "failed calling webhook \"" + webhook.name() + "\": " + unasked.reason();
    if (webhook.failsOpen()) {
      LOG.warn("{}; failing open", why);
      metrics.failedOpen(webhook.name(), step);
      invocation.request().origin().notes().annotate("failed-open." + mark, webhook.name());
      return Optional.empty();
    }
    LOG.warn("{}; failing closed", why);
    // A tunnel that is down is told of as everywhere; the real apiserver has a 500 for that too.
    return Optional.of(
        (unasked.tunnelDown() ? Status.serviceUnavailable(why) : Status.internalError(why))
            .toException());
  }
}
