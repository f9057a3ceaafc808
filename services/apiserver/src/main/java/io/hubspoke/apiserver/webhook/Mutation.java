package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.JsonPatch;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.discovery.Subresource;
import io.hubspoke.apiserver.resources.FieldTypes;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.vertx.core.Future;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * One request's way through the mutating webhooks. When one has changed the object, what is built
 * in looks at it again, and so do those webhooks before it that want to ({@code reinvocationPolicy:
 * IfNeeded}), once.
 */
final class Mutation {
  private static final String STEP = "admit";
  private static final String MARK = "mutation.webhook.admission.k8s.io/round_%d_index_%d";

  private final List<Webhook> webhooks;
  private final WebhookMatcher matcher;
  private final WebhookCaller caller;
  private final Consumer<AdmissionRequest> builtIn;
  private final Set<String> invoked = new HashSet<>();
  private final Set<String> again = new HashSet<>();
  private AdmissionRequest request;
  private boolean changed;
  private int round;

  Mutation(
      List<Webhook> webhooks,
      WebhookMatcher matcher,
      WebhookCaller caller,
      AdmissionRequest request,
      Consumer<AdmissionRequest> builtIn) {
    this.webhooks = webhooks;
    this.matcher = matcher;
    this.caller = caller;
    this.request = request;
    this.builtIn = builtIn;
  }

  Future<Optional<ObjectNode>> run() {
    return next(0)
        .compose(
            done -> {
              if (!changed) {
                return Future.succeededFuture();
              }
              ObjectNode before = request.object().deepCopy();
              builtIn.accept(request);
              if (!request.object().equals(before)) {
                invokeAgain();
              }
              round = 1;
              return again.isEmpty() ? Future.succeededFuture() : next(0);
            })
        .map(done -> changed ? Optional.of(request.object()) : Optional.empty());
  }

  /** Those that were asked until now are to see what has changed since. */
  private void invokeAgain() {
    again.addAll(invoked);
    invoked.clear();
  }

  private Future<Void> next(int from) {
    for (int i = from; i < webhooks.size(); i++) {
      Webhook webhook = webhooks.get(i);
      if (round > 0 && !again.contains(webhook.id())) {
        continue;
      }
      Optional<Invocation> invocation = matcher.match(webhook, request);
      if (invocation.isPresent()) {
        int index = i;
        return ask(invocation.get(), index).compose(done -> next(index + 1));
      }
    }
    return Future.succeededFuture();
  }

  private Future<Void> ask(Invocation invocation, int index) {
    long began = System.nanoTime();
    return caller
        .call(invocation, true)
        .compose(
            verdict -> {
              Step step = apply(invocation, verdict);
              Webhook webhook = invocation.webhook();
              String mark = MARK.formatted(round, index);
              note(webhook, mark, step.made.isPresent());
              Optional<ApiException> refusal =
                  caller.settle(invocation, STEP, step.verdict, began, mark);
              step.made.ifPresent(
                  made -> {
                    request = request.with(made);
                    changed = true;
                    invokeAgain();
                  });
              if (webhook.reinvoked()) {
                invoked.add(webhook.id());
              }
              return refusal.map(Future::<Void>failedFuture).orElseGet(Future::succeededFuture);
            });
  }

  private void note(Webhook webhook, String mark, boolean mutated) {
    request
        .origin()
        .notes()
        .annotate(
            mark,
            Json.object()
                .put("configuration", webhook.configuration())
                .put("webhook", webhook.name())
                .put("mutated", mutated)
                .toString());
  }

  /** What came of a call, and the object if it was changed. */
  private record Step(Verdict verdict, Optional<ObjectNode> made) {
    static Step of(Verdict verdict) {
      return new Step(verdict, Optional.empty());
    }
  }

  private Step apply(Invocation invocation, Verdict verdict) {
    if (!(verdict instanceof Verdict.Allowed allowed) || allowed.response().patch().length() == 0) {
      return Step.of(verdict);
    }
    ReviewResponse response = allowed.response();
    if (request.object() == null) {
      return Step.of(
          impossible(
              "admission webhook \""
                  + invocation.webhook().name()
                  + "\" attempted to modify the object, which is not supported for this"
                  + " operation"));
    }
    if (!response.patchType().equals("JSONPatch")) {
      return Step.of(
          new Verdict.Unasked(
              400, "unsupported patch type \"" + response.patchType() + "\"", false));
    }
    try {
      JsonNode shown = invocation.shown(request.object());
      JsonNode patched = JsonPatch.apply(shown, Json.parse(response.patch().getBytes()));
      if (patched.equals(shown)) {
        return Step.of(verdict);
      }
      return new Step(verdict, Optional.of(checked(invocation, patched)));
    } catch (ApiException e) {
      return Step.of(impossible(why(e.status())));
    }
  }

  /** Returns a changed object as the request has it, with values of the right types. */
  private static ObjectNode checked(Invocation invocation, JsonNode patched) {
    if (!(patched instanceof ObjectNode object)) {
      throw Status.badRequest("the patch turns the object into something else").toException();
    }
    AdmissionRequest request = invocation.request();
    ObjectNode made = invocation.taken(object);
    if (isStored(request)) {
      FieldTypes.check(request.type(), made);
      setDefaults(request.with(made));
    }
    return made;
  }

  /** A patch that can't be applied has its reason in the details. */
  private static String why(Status status) {
    return status.details() == null || status.details().causes().isEmpty()
        ? status.message()
        : status.details().causes().getFirst().message();
  }

  private static Verdict impossible(String why) {
    return new Verdict.Impossible(Status.internalError(why));
  }

  /** Fills in what an object of the type leaves out; webhooks see objects with defaults. */
  static void setDefaults(AdmissionRequest request) {
    if (isStored(request)) {
      request.object().put("kind", request.type().kind());
      request.object().put("apiVersion", request.type().apiVersion());
      ResourceTable.lookup(
              request.type().group(), request.type().version(), request.type().plural())
          .ifPresent(resource -> resource.strategy().setDefaults(request.object()));
    }
  }

  /** Returns whether the object is of the type itself, and not an eviction or a review. */
  private static boolean isStored(AdmissionRequest request) {
    return request.object() != null
        && (request.subresource().isEmpty()
            || Subresource.of(request.type(), request.subresource())
                .kind()
                .equals(request.type().kind()));
  }
}
