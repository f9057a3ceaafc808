package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ExtensionResources;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Asks webhooks beside what is built in: the plugins MutatingAdmissionWebhook, after everything
 * else that changes objects, and ValidatingAdmissionWebhook, after everything else.
 */
public final class WebhookAdmission implements Admission {
  private final Admission builtIn;
  private final MutatingWebhooks mutating;
  private final ValidatingWebhooks validating;

  private WebhookAdmission(
      Admission builtIn, MutatingWebhooks mutating, ValidatingWebhooks validating) {
    this.builtIn = builtIn;
    this.mutating = mutating;
    this.validating = validating;
  }

  /**
   * Asks the webhooks of the configurations that there are.
   *
   * @param mutating whether MutatingAdmissionWebhook is on
   * @param validating whether ValidatingAdmissionWebhook is on
   */
  public static WebhookAdmission of(
      Admission builtIn,
      Lister lister,
      WebhookClients clients,
      WebhookMetrics metrics,
      boolean mutating,
      boolean validating) {
    var matcher = new WebhookMatcher(lister);
    var caller = new WebhookCaller(clients, metrics);
    Supplier<List<Webhook>> none = List::of;
    var mutators = new WebhookSource(lister, ExtensionResources.MUTATING_WEBHOOKS.type());
    var validators = new WebhookSource(lister, ExtensionResources.VALIDATING_WEBHOOKS.type());
    return new WebhookAdmission(
        builtIn,
        new MutatingWebhooks(mutating ? mutators::webhooks : none, matcher, caller),
        new ValidatingWebhooks(validating ? validators::webhooks : none, matcher, caller));
  }

  @Override
  public void admit(AdmissionRequest request) {
    builtIn.admit(request);
  }

  @Override
  public Future<Void> ready(AdmissionRequest request) {
    return builtIn.ready(request);
  }

  @Override
  public Admission after(Admission first) {
    return new WebhookAdmission(builtIn.after(first), mutating, validating);
  }

  @Override
  public boolean hasWebhooks() {
    return !mutating.isEmpty() || !validating.isEmpty();
  }

  @Override
  public Future<Optional<ObjectNode>> mutate(AdmissionRequest request) {
    if (mutating.isEmpty() || !WebhookMatcher.concerns(request)) {
      return Future.succeededFuture(Optional.empty());
    }
    return attempt(
        () ->
            mutating.ask(
                request,
                asked -> {
                  Mutation.setDefaults(asked);
                  builtIn.admit(asked);
                }));
  }

  @Override
  public Future<Void> validate(AdmissionRequest request) {
    if (validating.isEmpty() || !WebhookMatcher.concerns(request)) {
      return Future.succeededFuture();
    }
    return attempt(() -> validating.ask(request));
  }

  @Override
  public Future<Optional<ObjectNode>> review(AdmissionRequest request) {
    if (!hasWebhooks() || !WebhookMatcher.concerns(request)) {
      return Future.succeededFuture(Optional.empty());
    }
    return attempt(() -> mutating.ask(request, judged -> {}))
        .compose(changed -> validate(changed.map(request::with).orElse(request)).map(changed));
  }

  private static <T> Future<T> attempt(Supplier<Future<T>> asking) {
    try {
      return asking.get();
    } catch (ApiException e) {
      return Future.failedFuture(e);
    }
  }
}
