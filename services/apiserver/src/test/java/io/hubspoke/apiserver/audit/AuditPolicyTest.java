package io.hubspoke.apiserver.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.api.Yaml;
import io.hubspoke.apiserver.http.Query;
import io.hubspoke.apiserver.http.RequestInfoResolver;
import io.hubspoke.apiserver.http.User;
import io.vertx.core.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuditPolicyTest {
  private static final User JANE = new User("jane", "", List.of("staff"), Map.of());

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [{level: Loud}] | rules[0].level: Unsupported value: "Loud": supported values: "Metadata", "None", "Request", "RequestResponse"
          [{users: [x]}] | rules[0].level: Required value
          [] | rules: Required value: a policy needs at least one rule
          nothing | rules: Invalid value: ""nothing"": must be a list
          [{level: None}, {level: None, omitStages: [Later]}] | rules[1].omitStages[0]: Unsupported value: "Later": supported values: "Panic", "RequestReceived", "ResponseComplete", "ResponseStarted"
          [{level: None, nonResourceURLs: [healthz]}] | rules[0].nonResourceURLs[0]: Invalid value: "healthz": non-resource URL rules must begin with a '/' character
          [{level: None, nonResourceURLs: [/a*b]}] | rules[0].nonResourceURLs[0]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule
          [{level: None, nonResourceURLs: [/a], namespaces: [x]}] | rules[0].nonResourceURLs: Invalid value: "/a": rules cannot apply to both regular resources and non-resource URLs
          [{level: None, resources: [{resourceNames: [x]}]}] | rules[0].resources[0].resourceNames: Invalid value: "x": using resourceNames requires at least one resource
          """)
  void aPolicyThatIsWrongIsRefusedWithTheField(String rules, String message) {
    assertThatThrownBy(() -> policy(rules))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void aFileOfAnotherKindIsRefused() {
    assertThatThrownBy(() -> AuditPolicyFile.parse(yaml("{apiVersion: v1, kind: Policy}")))
        .hasMessageStartingWith("apiVersion: Unsupported value: \"v1\"");
  }

  @Test
  void rulesMatchAsInKubernetes() {
    assertMatches("{resources: [{group: \"\", resources: [pods]}]}", "/api/v1/pods", true);
    assertMatches("{resources: [{group: \"\", resources: [pods]}]}", "/api/v1/nodes", false);
    String log = "/api/v1/namespaces/team/pods/p/log";
    assertMatches("{resources: [{group: \"\", resources: [pods]}]}", log, false);
    assertMatches("{resources: [{group: \"\", resources: [pods/log]}]}", log, true);
    assertMatches("{resources: [{group: \"\", resources: [\"*/log\"]}]}", log, true);
    assertMatches("{resources: [{group: \"\", resources: [\"pods/*\"]}]}", log, true);
    assertMatches("{resources: [{group: \"\", resources: [\"*\"]}]}", log, true);
    assertMatches("{resources: [{group: \"\"}]}", log, true);
    assertMatches("{resources: [{group: apps}]}", log, false);
    assertMatches(
        "{resources: [{group: \"\", resources: [pods/log], resourceNames: [p]}]}", log, true);
    assertMatches(
        "{resources: [{group: \"\", resources: [pods/log], resourceNames: [q]}]}", log, false);
    assertMatches("{namespaces: [team]}", log, true);
    assertMatches("{namespaces: [\"\"]}", log, false);
    assertMatches("{namespaces: [\"\"]}", "/api/v1/nodes", true);
    assertMatches("{namespaces: [\"\"]}", "/version", false);
    assertMatches("{nonResourceURLs: [\"/healthz*\"]}", "/healthz/etcd", true);
    assertMatches("{nonResourceURLs: [\"*\"]}", "/api/v1/nodes", false);
    assertMatches("{verbs: [get], users: [jane]}", log, true);
    assertMatches("{verbs: [watch]}", log, false);
    assertMatches("{users: [joe]}", log, false);
    assertMatches("{userGroups: [staff, others]}", log, true);
    assertMatches("{userGroups: [others]}", log, false);
  }

  @Test
  void stagesOfPolicyAndRuleAreOmittedAndARuleDecidesOnManagedFields() {
    var policy =
        AuditPolicyFile.parse(
            yaml(
                """
                apiVersion: audit.k8s.io/v1
                kind: Policy
                omitManagedFields: true
                omitStages: [RequestReceived]
                rules:
                - {level: Request, omitStages: [ResponseStarted], omitManagedFields: false}
                """));
    var verdict = policy.verdict(JANE, info("/api/v1/nodes"));
    assertThat(verdict.omitManagedFields()).isFalse();
    assertThat(verdict.records(AuditStage.REQUEST_RECEIVED)).isFalse();
    assertThat(verdict.records(AuditStage.RESPONSE_STARTED)).isFalse();
    assertThat(verdict.records(AuditStage.RESPONSE_COMPLETE)).isTrue();
  }

  private static void assertMatches(String rule, String path, boolean expected) {
    var verdict = policy("[" + rule.replaceFirst("\\{", "{level: Metadata, ") + "]");
    assertThat(verdict.verdict(JANE, info(path)).level() == AuditLevel.METADATA)
        .as("%s of %s", rule, path)
        .isEqualTo(expected);
  }

  private static io.hubspoke.apiserver.http.RequestInfo info(String path) {
    return new RequestInfoResolver().resolve(HttpMethod.GET, path, new Query(Map.of()));
  }

  private static AuditPolicy policy(String rules) {
    return AuditPolicyFile.parse(
        yaml("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: " + rules + "}"));
  }

  private static com.fasterxml.jackson.databind.node.ObjectNode yaml(String text) {
    return Yaml.parseObject(text.getBytes(StandardCharsets.UTF_8));
  }
}
