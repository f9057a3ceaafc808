package io.hubspoke.controllermanager.disruption;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BudgetStatusTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "'minAvailable':2, 3, 2, 1, SufficientPods",
    "'minAvailable':3, 3, 3, 0, InsufficientPods",
    "'minAvailable':'50%', 5, 3, 0, InsufficientPods",
    "'maxUnavailable':1, 5, 4, 0, InsufficientPods",
    "'maxUnavailable':'50%', 5, 2, 1, SufficientPods",
    "'maxUnavailable':9, 5, 0, 3, SufficientPods",
  })
  void sparesWhatIsMoreThanEnough(
      String spec, int expected, int desired, int allowed, String reason) {
    ObjectNode status = BudgetStatus.of(budget(spec, ""), typed(pods(3)), () -> 5, NOW).status();
    assertThat(status.path("expectedPods").asInt()).isEqualTo(expected);
    assertThat(status.path("desiredHealthy").asInt()).isEqualTo(desired);
    assertThat(status.path("currentHealthy").asInt()).isEqualTo(3);
    assertThat(status.path("disruptionsAllowed").asInt()).isEqualTo(allowed);
    assertThat(status.path("observedGeneration").asInt()).isEqualTo(4);
    assertThat(status.path("conditions").get(0).path("reason").asText()).isEqualTo(reason);
  }

  @Test
  void countsOnlyWhatIsReadyAndStays() {
    List<ObjectNode> pods = pods(4);
    pods.get(0).withObject("metadata").put("deletionTimestamp", NOW.toString());
    pods.get(1).withObject("status").remove("conditions");
    BudgetStatus status =
        BudgetStatus.of(
            budget(
                "'minAvailable':1",
                "'disruptedPods':{'p2':'2025-12-31T23:59:30Z','gone':'2025-12-31T23:59:30Z'}"),
            typed(pods),
            () -> 4,
            NOW);
    assertThat(status.status().path("currentHealthy").asInt()).isEqualTo(1);
    assertThat(status.status().path("disruptedPods").toString())
        .isEqualTo("{\"p2\":\"2025-12-31T23:59:30Z\"}");
    assertThat(status.recheck()).isEqualTo(Duration.ofSeconds(90));
  }

  @Test
  void forgetsAnEvictionThatNothingCameOf() {
    BudgetStatus status =
        BudgetStatus.of(
            budget("'minAvailable':0", "'disruptedPods':{'p0':'2025-12-31T23:57:00Z'}"),
            typed(pods(1)),
            () -> 1,
            NOW);
    assertThat(status.status().path("disruptionsAllowed").asInt()).isEqualTo(1);
    assertThat(status.status().has("disruptedPods")).isFalse();
    assertThat(status.recheck()).isZero();
  }

  @Test
  void staysAsItIsWhenNothingChanged() {
    ObjectNode budget = budget("'minAvailable':1", "");
    ObjectNode first = BudgetStatus.of(budget, typed(pods(2)), () -> 2, NOW).status();
    budget.set("status", first);
    ObjectNode second =
        BudgetStatus.of(budget, typed(pods(2)), () -> 2, NOW.plusSeconds(60)).status();
    assertThat(second).isEqualTo(first);
  }

  @Test
  void sparesNothingWhenItCannotTell() {
    ObjectNode status = BudgetStatus.failed(budget("'maxUnavailable':1", ""), "why", NOW).status();
    assertThat(status.path("disruptionsAllowed").asInt()).isZero();
    assertThat(status.path("conditions").get(0).path("reason").asText()).isEqualTo("SyncFailed");
    assertThat(status.path("conditions").get(0).path("message").asText()).isEqualTo("why");
  }

  private static ObjectNode budget(String spec, String status) {
    return json("{'metadata':{'generation':4},'spec':{" + spec + "},'status':{" + status + "}}");
  }

  private static List<ObjectNode> pods(int count) {
    List<ObjectNode> pods = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      pods.add(
          json(
              "{'metadata':{'name':'p"
                  + i
                  + "'},'status':{'conditions':[{'type':'Ready','status':'True'}]}}"));
    }
    return pods;
  }

  private static List<Pod> typed(List<ObjectNode> pods) {
    return pods.stream().map(pod -> Json.convert(pod, Pod.class)).toList();
  }

  private static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }
}
