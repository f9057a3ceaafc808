package io.hubspoke.apiserver.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Makes webhook configurations, and removes them again. */
final class Configurations {
  static final String MUTATING =
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
  static final String VALIDATING =
      "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

  private final Client admin;
  private final List<String> made = new ArrayList<>();

  Configurations(Client admin) {
    this.admin = admin;
  }

  /** Returns a configuration whose one webhook is {@code NAME.example.com}. */
  static ObjectNode of(String kind, String name, TestWebhook hook, String rule) {
    ObjectNode configuration = json("{'metadata':{'name':'" + name + "'}}").put("kind", kind);
    configuration.put("apiVersion", "admissionregistration.k8s.io/v1");
    ObjectNode webhook = configuration.putArray("webhooks").addObject();
    webhook.put("name", name + ".example.com").put("sideEffects", "None");
    webhook.putArray("admissionReviewVersions").add("v1");
    webhook
        .putObject("clientConfig")
        .put("url", hook.url("/" + name))
        .put("caBundle", hook.caBundle());
    webhook.putArray("rules").add(json(rule));
    return configuration;
  }

  static ObjectNode mutating(String name, TestWebhook hook, String rule) {
    return of("MutatingWebhookConfiguration", name, hook, rule);
  }

  static ObjectNode validating(String name, TestWebhook hook, String rule) {
    return of("ValidatingWebhookConfiguration", name, hook, rule);
  }

  /** Returns a rule, such as for {@code CREATE} of {@code pods} in group "". */
  static String rule(String operation, String group, String resource) {
    return "{'operations':['%s'],'apiGroups':['%s'],'apiVersions':['v1'],'resources':['%s']}"
        .formatted(operation, group, resource);
  }

  static ObjectNode webhook(ObjectNode configuration) {
    return (ObjectNode) configuration.path("webhooks").get(0);
  }

  static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  void make(ObjectNode configuration) throws Exception {
    String path = configuration.path("kind").asText().startsWith("M") ? MUTATING : VALIDATING;
    var answer = admin.post(path, configuration);
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    made.add(path + "/" + answer.json().path("metadata").path("name").asText());
  }

  void clear() throws Exception {
    for (String path : made) {
      admin.delete(path);
    }
    made.clear();
  }
}
