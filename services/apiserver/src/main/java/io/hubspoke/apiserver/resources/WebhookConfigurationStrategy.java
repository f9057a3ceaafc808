package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Mutating and validating webhook configurations: whom to ask before something is written. */
final class WebhookConfigurationStrategy extends GenerationStrategy {
  private static final int TIMEOUT_SECONDS = 10;
  private static final int HTTPS_PORT = 443;

  private final boolean mutating;

  WebhookConfigurationStrategy(boolean mutating) {
    super(false, false, Map.of());
    this.mutating = mutating;
  }

  @Override
  public boolean allowsUnconditionalUpdate() {
    return false;
  }

  @Override
  void applyDefaults(ObjectNode configuration) {
    for (ObjectNode webhook : objects(configuration, "webhooks")) {
      setDefault(webhook, "failurePolicy", "Fail");
      setDefault(webhook, "matchPolicy", "Equivalent");
      object(webhook, "namespaceSelector");
      object(webhook, "objectSelector");
      setDefault(webhook, "timeoutSeconds", TIMEOUT_SECONDS);
      if (mutating) {
        setDefault(webhook, "reinvocationPolicy", "Never");
      }
      for (ObjectNode rule : objects(webhook, "rules")) {
        setDefault(rule, "scope", "*");
      }
      if (webhook.path("clientConfig").get("service") instanceof ObjectNode service) {
        setDefault(service, "port", HTTPS_PORT);
      }
    }
  }

  @Override
  void validate(ObjectNode configuration, FieldErrors errors) {
    new WebhookRules(errors, mutating).validate(configuration.path("webhooks"));
  }
}
