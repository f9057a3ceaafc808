package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Asks the mutating webhooks that a request concerns one after the other. */
final class MutatingWebhooks {
  private final Supplier<List<Webhook>> webhooks;
  private final WebhookMatcher matcher;
  private final WebhookCaller caller;

  MutatingWebhooks(Supplier<List<Webhook>> webhooks, WebhookMatcher matcher, WebhookCaller caller) {
    this.webhooks = webhooks;
    this.matcher = matcher;
    this.caller = caller;
  }

  boolean isEmpty() {
    return webhooks.get().isEmpty();
  }

  /**
   * Completes with the object as they changed it, if they did.
   *
   * @param builtIn what the server itself does to the object: before the first of them, and again
   *     when one has changed it
   */
  Future<Optional<ObjectNode>> ask(AdmissionRequest request, Consumer<AdmissionRequest> builtIn) {
    List<Webhook> all = webhooks.get();
    if (all.stream().noneMatch(webhook -> WebhookMatcher.mayMatch(webhook, request))) {
      return Future.succeededFuture(Optional.empty());
    }
    builtIn.accept(request);
    return new Mutation(all, matcher, caller, request, builtIn).run();
  }
}
