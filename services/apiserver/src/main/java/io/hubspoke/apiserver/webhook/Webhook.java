package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.Meta;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A webhook of a configuration, ready to be matched and called.
 *
 * @param id tells it from every other webhook of its kind
 * @param configuration the name of the object that it is in
 * @param caBundle certificates in PEM, in base64; empty for the system's authorities
 * @param exact whether its rules are to match the request's own version alone
 * @param failsOpen whether a request passes when the webhook can't be asked
 * @param drySafe whether it may be asked about what is only tried
 * @param version of the reviews that it takes
 * @param reinvoked whether it is asked again when others change an object after it
 */
record Webhook(
    String id,
    String configuration,
    String name,
    Destination destination,
    String caBundle,
    List<Rule> rules,
    boolean exact,
    LabelSelector namespaces,
    LabelSelector objects,
    boolean failsOpen,
    boolean drySafe,
    Duration timeout,
    String version,
    boolean reinvoked) {

  Webhook {
    rules = List.copyOf(rules);
  }

  /** Reads the webhooks of a valid configuration, in their order. */
  static List<Webhook> of(ObjectNode configuration) {
    List<Webhook> webhooks = new ArrayList<>();
    for (JsonNode webhook : configuration.path("webhooks")) {
      webhooks.add(of(Meta.name(configuration), webhook));
    }
    return webhooks;
  }

  private static Webhook of(String configuration, JsonNode webhook) {
    String name = webhook.path("name").asText("");
    List<Rule> rules = new ArrayList<>();
    webhook.path("rules").forEach(rule -> rules.add(Rule.of(rule)));
    JsonNode config = webhook.path("clientConfig");
    String sideEffects = webhook.path("sideEffects").asText("");
    return new Webhook(
        configuration + "/" + name,
        configuration,
        name,
        Destination.of(config),
        config.path("caBundle").asText(""),
        rules,
        webhook.path("matchPolicy").asText("").equals("Exact"),
        LabelSelector.fromObject(webhook.path("namespaceSelector")),
        LabelSelector.fromObject(webhook.path("objectSelector")),
        webhook.path("failurePolicy").asText("").equals("Ignore"),
        sideEffects.equals("None") || sideEffects.equals("NoneOnDryRun"),
        Duration.ofSeconds(webhook.path("timeoutSeconds").asLong(10)),
        version(webhook.path("admissionReviewVersions")),
        webhook.path("reinvocationPolicy").asText("").equals("IfNeeded"));
  }

  /** Returns the first of its versions that is known here. */
  private static String version(JsonNode versions) {
    for (JsonNode version : versions) {
      if (version.asText().equals("v1") || version.asText().equals("v1beta1")) {
        return version.asText();
      }
    }
    return "v1";
  }
}
