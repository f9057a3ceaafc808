package io.hubspoke.apiserver.webhook;

import io.hubspoke.api.ApiException;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Asks all validating webhooks that a request concerns at once; each may refuse it. */
final class ValidatingWebhooks {
  private static final String STEP = "validating";
  private static final String MARK = "validating.webhook.admission.k8s.io/round_0_index_";

  private final Supplier<List<Webhook>> webhooks;
  private final WebhookMatcher matcher;
  private final WebhookCaller caller;

  ValidatingWebhooks(
      Supplier<List<Webhook>> webhooks, WebhookMatcher matcher, WebhookCaller caller) {
    this.webhooks = webhooks;
    this.matcher = matcher;
    this.caller = caller;
  }

  boolean isEmpty() {
    return webhooks.get().isEmpty();
  }

  Future<Void> ask(AdmissionRequest request) {
    List<Webhook> all = webhooks.get();
    if (all.isEmpty()) {
      return Future.succeededFuture();
    }
    List<Invocation> concerned = new ArrayList<>();
    for (Webhook webhook : all) {
      matcher.match(webhook, request).ifPresent(concerned::add);
    }
    if (concerned.isEmpty()) {
      return Future.succeededFuture();
    }
    List<Future<Optional<ApiException>>> verdicts = new ArrayList<>();
    for (int i = 0; i < concerned.size(); i++) {
      Invocation invocation = concerned.get(i);
      String mark = MARK + i;
      long began = System.nanoTime();
      verdicts.add(
          caller
              .call(invocation, false)
              .map(verdict -> caller.settle(invocation, STEP, verdict, began, mark)));
    }
    return Future.join(verdicts)
        .compose(
            done ->
                done.<Optional<ApiException>>list().stream()
                    .flatMap(Optional::stream)
                    .findFirst()
                    .map(Future::<Void>failedFuture)
                    .orElseGet(Future::succeededFuture));
  }
}
