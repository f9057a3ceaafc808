package io.hubspoke.apiserver.webhook;

import static io.hubspoke.apiserver.webhook.Configurations.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a webhook configuration may say, and what is added that it leaves out. */
class WebhookConfigurationTest {
  private static final String MINIMAL =
      "{'metadata':{'name':'w'},'webhooks':[{'name':'w.example.com','sideEffects':'None',"
          + "'admissionReviewVersions':['v1'],'clientConfig':{'service':{'namespace':'n',"
          + "'name':'s'}},'rules':[{'operations':['CREATE'],'apiGroups':[''],'apiVersions':['v1'],"
          + "'resources':['pods']}]}]}";

  @TempDir static Path dir;
  private static TestApiserver server;
  private static Client admin;

  @BeforeAll
  static void start() throws Exception {
    // So that none of what is made here is asked.
    server = new TestApiserver(dir, o -> o.withAdmissionPlugins(List.of("NodeRestriction")));
    admin = server.admin();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void whatIsLeftOutIsFilledIn() throws Exception {
    Answer made = admin.post(Configurations.MUTATING, json(MINIMAL));
    assertThat(made.code()).as(made.text()).isEqualTo(201);
    JsonNode webhook = made.json().path("webhooks").get(0);
    assertThat(webhook.path("failurePolicy").asText()).isEqualTo("Fail");
    assertThat(webhook.path("matchPolicy").asText()).isEqualTo("Equivalent");
    assertThat(webhook.path("timeoutSeconds").asInt()).isEqualTo(10);
    assertThat(webhook.path("reinvocationPolicy").asText()).isEqualTo("Never");
    assertThat(webhook.path("namespaceSelector").isObject()).isTrue();
    assertThat(webhook.path("rules").get(0).path("scope").asText()).isEqualTo("*");
    assertThat(webhook.path("clientConfig").path("service").path("port").asInt()).isEqualTo(443);
    assertThat(made.json().path("metadata").path("generation").asInt()).isEqualTo(1);
    ObjectNode changed = made.json();
    ((ObjectNode) changed.path("webhooks").get(0)).put("failurePolicy", "Ignore");
    Answer updated = admin.put(Configurations.MUTATING + "/w", changed);
    assertThat(updated.json().path("metadata").path("generation").asInt()).isEqualTo(2);
    // A plugin that is off asks nobody, though nobody could answer.
    assertThat(admin.post("/api/v1/namespaces", json("{'metadata':{'name':'quiet'}}")).code())
        .isEqualTo(201);
    assertThat(admin.delete(Configurations.MUTATING + "/w").code()).isEqualTo(200);
  }

  @Test
  void whatIsWrongIsSaidInKubernetesWords() throws Exception {
    assertThat(refusal("'w.example.com'", "'w'"))
        .isEqualTo(
            "webhooks[0].name: Invalid value: \"w\": should be a domain with at least three"
                + " segments separated by dots");
    assertThat(refusal("'sideEffects':'None',", ""))
        .isEqualTo(
            "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun");
    assertThat(refusal("'sideEffects':'None'", "'sideEffects':'Some'"))
        .isEqualTo(
            "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\","
                + " \"NoneOnDryRun\"");
    assertThat(refusal("['v1'],'clientConfig'", "['v9'],'clientConfig'"))
        .isEqualTo(
            "webhooks[0].admissionReviewVersions: Invalid value: []string{\"v9\"}: must include at"
                + " least one of v1, v1beta1");
    assertThat(refusal("'service':{'namespace':'n','name':'s'}", ""))
        .isEqualTo(
            "webhooks[0].clientConfig: Required value: exactly one of url or service is required");
    assertThat(refusal("'service':{'namespace':'n','name':'s'}", "'url':'http://h/x'"))
        .isEqualTo(
            "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL"
                + " scheme; desired format: https://host[/path]");
    assertThat(refusal("'service':{'namespace':'n','name':'s'}", "'url':'https://u@h/x?y#z'"))
        .contains(
            "user information is not permitted in the URL",
            "fragments are not permitted in the URL",
            "query parameters are not permitted in the URL");
    assertThat(refusal("'name':'s'}", "'name':'s','path':'a//b'}"))
        .contains("must start with a '/'", "segment[0] may not be empty");
    assertThat(refusal("['CREATE']", "['*','CREATE']"))
        .isEqualTo(
            "webhooks[0].rules[0].operations: Invalid value:"
                + " []admissionregistration.OperationType{\"*\", \"CREATE\"}: if '*' is present,"
                + " must not specify other operations");
    assertThat(refusal("['pods']", "['*','pods']"))
        .contains("must not specify other resources without subresources");
    assertThat(refusal("'sideEffects'", "'timeoutSeconds':31,'sideEffects'"))
        .isEqualTo(
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and"
                + " 30 seconds");
    assertThat(
            refusal(
                "'sideEffects'",
                "'matchConditions':[{'name':'a','expression':'true'}],'sideEffects'"))
        .startsWith(
            "webhooks[0].matchConditions: Forbidden: this server does not evaluate CEL"
                + " expressions");
  }

  private static String refusal(String what, String instead) throws Exception {
    assertThat(MINIMAL).contains(what);
    Answer refused = admin.post(Configurations.VALIDATING, json(MINIMAL.replace(what, instead)));
    assertThat(refused.code()).as(refused.text()).isEqualTo(422);
    return refused
        .message()
        .substring(refused.message().indexOf(" is invalid: ") + " is invalid: ".length());
  }
}
