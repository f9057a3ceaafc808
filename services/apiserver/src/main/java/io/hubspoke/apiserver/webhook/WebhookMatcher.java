package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.admission.AdmissionRequest.Operation;
import io.hubspoke.apiserver.discovery.Subresource;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.resources.ResourceTable;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Decides which webhooks are asked about a request. */
final class WebhookMatcher {
  private static final String ADMISSION = "admissionregistration.k8s.io";
  private static final ResourceType NAMESPACES = ResourceTable.NAMESPACES.type();

  /** The types of those objects that are served in several versions. */
  private static final Map<ResourceType, Set<ResourceType>> EQUIVALENT = equivalent();

  private final Lister lister;

  WebhookMatcher(Lister lister) {
    this.lister = lister;
  }

  private static Map<ResourceType, Set<ResourceType>> equivalent() {
    return ResourceTable.all().stream()
        .collect(
            Collectors.groupingBy(
                r -> r.conversion().stored(r.type()),
                Collectors.mapping(Resource::type, Collectors.toUnmodifiableSet())))
        .values()
        .stream()
        .filter(types -> types.size() > 1)
        .flatMap(types -> types.stream().map(type -> Map.entry(type, types)))
        .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /**
   * Returns whether any webhook may be asked: not about webhooks themselves, since nobody could
   * remove one that refuses everything, and not about how the server carries a request out that was
   * judged before, such as the change of a pod that a binding is.
   */
  static boolean concerns(AdmissionRequest request) {
    if (!request.origin().isRequest() || request.type().group().equals(ADMISSION)) {
      return false;
    }
    return request.subresource().isEmpty()
        || request.operation() == Operation.CONNECT
        || Subresource.of(request.type(), request.subresource())
            .verbs()
            .contains(request.operation().name().toLowerCase(Locale.ROOT));
  }

  /**
   * Returns how a webhook is to be asked, if it is.
   *
   * @throws io.hubspoke.api.ApiException 404 when the namespace is gone that it wants to know of
   */
  Optional<Invocation> match(Webhook webhook, AdmissionRequest request) {
    Optional<ResourceType> type = type(webhook, request);
    return type.isPresent() && selectsObject(webhook, request) && selectsNamespace(webhook, request)
        ? Optional.of(new Invocation(webhook, request, type.get()))
        : Optional.empty();
  }

  /** Returns whether a webhook's rules choose a request; its selectors may still not. */
  static boolean mayMatch(Webhook webhook, AdmissionRequest request) {
    return type(webhook, request).isPresent();
  }

  private static Optional<ResourceType> type(Webhook webhook, AdmissionRequest request) {
    List<Rule> rules = webhook.rules();
    for (Rule rule : rules) {
      if (rule.matches(request, request.type())) {
        return Optional.of(request.type());
      }
    }
    if (webhook.exact()) {
      return Optional.empty();
    }
    return rules.stream()
        .flatMap(
            rule ->
                EQUIVALENT.getOrDefault(request.type(), Set.of()).stream()
                    .filter(other -> rule.matches(request, other)))
        .findFirst();
  }

  private static boolean selectsObject(Webhook webhook, AdmissionRequest request) {
    return webhook.objects().isEmpty()
        || isSelected(webhook, request.object())
        || isSelected(webhook, request.old());
  }

  private static boolean isSelected(Webhook webhook, ObjectNode object) {
    return object != null && webhook.objects().matches(Meta.labels(object));
  }

  private boolean selectsNamespace(Webhook webhook, AdmissionRequest request) {
    boolean isNamespace = request.type().equals(NAMESPACES);
    if (webhook.namespaces().isEmpty() || (!isNamespace && request.namespace().isEmpty())) {
      return true;
    }
    boolean itself = isNamespace && request.subresource().isEmpty() && request.object() != null;
    ObjectNode namespace =
        itself
            ? request.object()
            : lister.need(NAMESPACES, "", isNamespace ? request.name() : request.namespace());
    return webhook.namespaces().matches(Meta.labels(namespace));
  }
}
